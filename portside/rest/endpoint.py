"""One decorator makes a route: it authenticates, parses, calls the handler and renders what that gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.status_codes import HTTP_200_OK

from portside.errors import BadRequest, FieldErrors, NotFound
from portside.kit.ids import Id, as_id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.rest.body import decoded
from portside.rest.caller import scope_of, token_of
from portside.rest.pages import Page, object_id, page_of, page_request
from portside.rest.parse import parse, parse_values

T = TypeVar("T")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[..., Awaitable[Any]]

API_VERSIONS = frozenset({"2014-02-11", "2016-10-25", "2017-03-29", "2017-08-01", "2018-02-08"})
_json = msgspec.json.Encoder(decimal_format="string")


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What the OpenAPI document, the route list and the generated tests know of a route."""

    method: Method
    path: str
    status: int
    summary: str
    takes: Any = None
    gives: Any = None
    query: Any = None
    tag: str = ""


class Call:
    """One authenticated request, as handlers see it."""

    __slots__ = ("raw", "request", "scope")

    def __init__(self, request: Request[Any, Any, Any], scope: Scope, raw: bytes) -> None:
        self.request = request
        self.scope = scope
        self.raw = raw

    def id(self, name: str) -> Id:
        """The object id in the path; anything that is no id is simply not found."""
        found = as_id(self.request.path_params[name])
        if found is None:
            raise NotFound
        return found

    def text(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def header(self, name: bytes) -> str:
        """A header by its lower-case name; empty when absent."""
        return _header(self.request, name).decode("latin-1")

    def query(self, kind: type[T]) -> T:
        """The query string as a Struct; a list field takes `name`, `name[]`, repeated or comma separated."""
        given = query_values(self.query_pairs())
        fields = {field.encode_name: field for field in msgspec.structs.fields(cast(Any, kind))}
        data: dict[str, Any] = {}
        for name, values in given.items():
            if name in fields:
                data[name] = _parts(values) if "list" in str(fields[name].type) else values[-1]
        return parse_values(kind, data)

    def query_pairs(self) -> list[tuple[str, str]]:
        """The query string as it was sent; `;` separates as `&` does, because one old client writes so."""
        text = self.request.scope["query_string"].decode("latin-1").replace(";", "&")
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1000, errors="strict")
        except ValueError as error:
            raise BadRequest("The query string cannot be read.") from error
        if any("\x00" in value for _, value in pairs):
            raise BadRequest("Null characters are not allowed in the query string.")
        return pairs

    def page(self, default: int) -> PageRequest:
        """The page that the query asks for."""
        return page_request(query_values(self.query_pairs()), default)

    def page_of(self, found: Slice[T], page: PageRequest) -> Page[T]:
        """Rendered rows as the list envelope."""
        return page_of(found, page, self.own_url(), self.query_pairs(), [object_id(row) for row in found.rows])

    def own_url(self) -> str:
        """This request's URL without its query, on the host that the client called (law 13: only for paging)."""
        state = self.request.scope
        host = self.header(b"host") or "localhost"
        path = state.get("portside_path") or state["path"]
        return f"{state['scheme']}://{host}{path}"


def query_values(pairs: Sequence[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    """Query pairs by name, `[]` cut from names."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name.removesuffix("[]"), []).append(value)
    return values


def _parts(values: Sequence[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _header(request: Request[Any, Any, Any], wanted: bytes) -> bytes:
    for name, value in request.scope["headers"]:
        if name == wanted:
            return value
    return b""


def endpoint(
    method: Method,
    path: str,
    *,
    status: int = HTTP_200_OK,
    takes: Any = None,
    gives: Any = None,
    query: Any = None,
) -> Callable[[Handler], HTTPRouteHandler]:
    """Make an API route of `async def handler(call)`, or `handler(call, body)` when it `takes` a body.

    The handler's answer is rendered as JSON with `status`; `gives` and `query` describe it for the OpenAPI document.
    """

    def declare(handler: Handler) -> HTTPRouteHandler:
        async def answer(request: Request[Any, Any, Any]) -> Response[bytes]:
            _check_version(request)
            scope = await scope_of(token_of(_header(request, b"authorization").decode("latin-1")))
            if takes is None:
                return rendered(await handler(Call(request, scope, b"")), status)
            raw, content_type = await read_body(request)
            return rendered(await handler(Call(request, scope, raw), parse(takes, raw, content_type)), status)

        answer.__name__ = handler.__name__
        answer.__doc__ = handler.__doc__
        operation = Operation(
            method=method,
            path=path,
            status=status,
            summary=(handler.__doc__ or handler.__name__).strip(),
            takes=takes,
            gives=gives,
            query=query,
            tag=handler.__module__.split(".")[1],
        )
        return HTTPRouteHandler(
            _framework_path(path), http_method=method, status_code=status, opt={"operation": operation}, name=None
        )(answer)

    return declare


def _framework_path(path: str) -> str:
    return path.replace("}", ":str}")


def _check_version(request: Request[Any, Any, Any]) -> None:
    version = _header(request, b"shippo-api-version")
    if version and version.decode("latin-1").strip() not in API_VERSIONS:
        raise UnknownVersion


class UnknownVersion(FieldErrors):
    """The documented answer to an unknown Shippo-API-Version."""

    def __init__(self) -> None:
        super().__init__({"error": "The requested version is not available for this resource"})


async def read_body(request: Request[Any, Any, Any]) -> tuple[bytes, bytes]:
    """The body, decoded, and its content type. Raises BadRequest, TooLarge."""
    raw = await request.body()
    content_type = _header(request, b"content-type")
    encoding = _header(request, b"content-encoding")
    limit = request.app.request_max_body_size
    return decoded(raw, content_type, encoding, limit if isinstance(limit, int) else 5_000_000), content_type


def rendered(answer: Any, status: int) -> Response[bytes]:
    """What a handler gave, as a response: a Response as it is, None as an empty body, bytes as finished JSON."""
    if isinstance(answer, Response):
        return answer
    if answer is None:
        return Response(b"", status_code=status)
    body = answer if isinstance(answer, bytes) else _json.encode(answer)
    return Response(body, status_code=status, media_type="application/json")
