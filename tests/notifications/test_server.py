"""The settings of mail: what is wrong is said when Portside starts, and no password with it."""

from __future__ import annotations

import pytest

from portside.kit.configured import mail_server
from portside.settings import SettingsError, load

FROM = "Portside <post@portside.example>"


def test_a_server_and_a_sender_make_a_mailer() -> None:
    mailer = mail_server(load({"PORTSIDE_SMTP_URL": "smtp://u:hunter2@mail.example:587", "PORTSIDE_MAIL_FROM": FROM}))
    assert mailer is not None
    assert (mailer.server.host, mailer.server.port, str(mailer.sender)) == ("mail.example", 587, FROM)
    assert mail_server(load({})) is None


@pytest.mark.parametrize(
    ("url", "sender", "named"),
    [
        ("http://u:hunter2@mail.example", FROM, "PORTSIDE_SMTP_URL"),
        ("smtp://u:hunter2@mail.example:port", FROM, "PORTSIDE_SMTP_URL"),
        ("smtp://u:hunter2@mail.example?starttls=perhaps", FROM, "PORTSIDE_SMTP_URL"),
        ("smtp://u:hunter2@mail.example", "", "PORTSIDE_MAIL_FROM"),
        ("smtp://u:hunter2@mail.example", "nobody", "PORTSIDE_MAIL_FROM"),
    ],
)
def test_what_is_wrong_is_named_without_its_secret(url: str, sender: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named) as wrong:
        mail_server(load({"PORTSIDE_SMTP_URL": url, "PORTSIDE_MAIL_FROM": sender}))
    assert "hunter2" not in str(wrong.value)
