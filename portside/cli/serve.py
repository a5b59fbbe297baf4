"""`serve` and `worker`."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec
import uvicorn
import uvloop

from portside.apps.rules import is_loopback
from portside.cli.demo import Tour, print_tour, set_up_demo
from portside.cli.root import data_dir_option, main, settings_for
from portside.db.target import Target, database
from portside.errors import BadRequest
from portside.kit.memory import share_one_heap
from portside.main import create_app
from portside.orders.api import flush
from portside.settings import Settings
from portside.startup import running
from portside.web import live
from portside.worker import run_worker


@main.command()
@click.option("--host", help="Address to bind.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to bind; 0 picks a free one.  [default: 8000]")
@click.option("--no-worker", is_flag=True, help="Serve only; run jobs elsewhere with `portside worker`.")
@click.option("--demo", is_flag=True, help="Make the demo account and its data on the first start, and print a tour.")
@data_dir_option
def serve(host: str | None, port: int | None, no_worker: bool, demo: bool, data_dir: Path | None) -> None:
    """Serve the API and the web app, with a worker inside."""
    share_one_heap()
    settings = _with_mailbox(settings_for(data_dir, quiet=False, host=host or None, port=port), demo=demo)
    listener = _bind(settings)
    bound = listener.getsockname()[1]
    with listener, database(settings) as target:
        uvloop.run(_serve(settings, target, listener, bound, with_worker=not no_worker, demo=demo))


def _with_mailbox(settings: Settings, *, demo: bool) -> Settings:
    """Who tries the product on their own machine may read its mail; nobody else's mail lies open."""
    if settings.open_mailbox != "demo":
        return settings
    public = urlsplit(settings.public_url).hostname or settings.host
    own = demo and is_loopback(settings.host) and is_loopback(public)
    return msgspec.structs.replace(settings, open_mailbox="on" if own else "off")


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise BadRequest(f"Cannot bind {settings.host}:{settings.port}: {error.strerror}.") from error
    return listener


async def _serve(
    settings: Settings, target: Target, listener: socket.socket, port: int, *, with_worker: bool, demo: bool
) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{port}"
    async with (
        running(settings, target, application="portside-serve", public_url=address) as services,
        live.running() as lines,
    ):
        tour = await set_up_demo(services) if demo else None
        server = AnnouncingServer(_uvicorn_config(settings), address, tour, lines)
        stop = asyncio.Event()
        working = asyncio.create_task(run_worker(settings, stop=stop) if with_worker else stop.wait())
        # What exists now lives as long as the process: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        try:
            await server.serve(sockets=[listener])
        finally:
            await flush()
            stop.set()
            await working


class AnnouncingServer(uvicorn.Server):
    """Says where it is once it listens, and not before."""

    def __init__(self, config: uvicorn.Config, address: str, tour: Tour | None, lines: live.Lines) -> None:
        super().__init__(config)
        self._address = address
        self._tour = tour
        self._lines = lines

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM end `serve` in order; a second one hurries it. Nothing is raised again afterwards, which
        would cut off the flush of what still waits."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        try:
            yield
        finally:
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        click.echo(f"Portside is at {self._address}")
        if self._tour is not None:
            print_tour(self._address, self._tour)
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # An open stream is an answer that never ends by itself, and answers are waited for.
        self._lines.end()
        await super().shutdown(sockets)


def _uvicorn_config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings),
        lifespan="off",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies) or None,
        timeout_graceful_shutdown=5,
        # Longer than clients and proxies keep a quiet one: it must not be closed here just as a request comes.
        timeout_keep_alive=75,
        backlog=1024,
    )


@main.command()
@data_dir_option
def worker(data_dir: Path | None) -> None:
    """Run jobs: webhooks, asynchronous labels, tracking. As many workers as you like may run."""
    share_one_heap()
    settings = settings_for(data_dir, quiet=False)
    with database(settings) as target:
        uvloop.run(_work(settings, target))


async def _work(settings: Settings, target: Target) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    url = f"http://{settings.host}:{settings.port}"
    async with running(settings, target, application="portside-worker", public_url=url):
        click.echo("The worker is running.")
        await run_worker(settings, stop=stop)
