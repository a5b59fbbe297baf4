"""One decorator makes a route: it authenticates, parses, calls the handler and renders what that gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Literal, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler, Receive
from litestar.types import Scope as ASGIScope

from portside.errors import AppError, BadRequest, FieldErrors, NotFound, TooLarge
from portside.kit.ids import Id, as_id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.rest.answer import Answer as Answer
from portside.rest.answer import refusal, rendered
from portside.rest.body import decoded
from portside.rest.caller import Caller, acting_scope, caller_of
from portside.rest.expand import Loader, asked_for, expand
from portside.rest.idempotency import Keyed, check_key, claimed_by_handler, once
from portside.rest.limits import Limit, limit_of, spend
from portside.rest.pages import Page, object_id, page_of, page_request
from portside.rest.parse import parse, parse_values
from portside.rest.permissions import MissingScope, permission_of, permission_of_field

T = TypeVar("T")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[..., Awaitable[Any]]

# Lists told how many objects they have until 2017-08-01; all else is served as of 2018-02-08.
COUNTING_VERSIONS = frozenset({"2014-02-11", "2016-10-25", "2017-03-29"})
API_VERSIONS = COUNTING_VERSIONS | {"2017-08-01", "2018-02-08"}


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
    name: str = ""
    expands: frozenset[str] = frozenset()
    # The scope that a token needs; empty is none.
    permission: str = ""


class Call:
    """One authenticated request, as handlers see it. `raw` is the body as it was sent, `asgi` the server's own view;
    `caller` tells of the credential, `scope` where the request acts."""

    __slots__ = ("asgi", "caller", "raw", "scope")

    def __init__(self, asgi: Mapping[str, Any], caller: Caller, scope: Scope, raw: bytes) -> None:
        self.asgi = asgi
        self.caller = caller
        self.scope = scope
        self.raw = raw

    def id(self, name: str) -> Id:
        """The object id in the path; anything that is no id is simply not found."""
        found = as_id(self.asgi["path_params"][name])
        if found is None:
            raise NotFound
        return found

    def text(self, name: str) -> str:
        """A part of the path."""
        return str(self.asgi["path_params"][name])

    def header(self, name: bytes) -> str:
        """A header by its lower-case name; empty when absent."""
        return header(self.asgi, name).decode("latin-1")

    def query(self, kind: type[T]) -> T:
        """The query string as a Struct; a list field takes `name`, `name[]`, repeated or comma separated."""
        given = query_values(self.query_pairs())
        fields = _query_fields(cast(Any, kind))
        data: dict[str, Any] = {}
        for name, values in given.items():
            if name in fields:
                data[name] = _parts(values) if fields[name] else values[-1]
        return parse_values(kind, data)

    def query_pairs(self) -> list[tuple[str, str]]:
        """The query string as it was sent; `;` separates as `&` does, because one old client writes so."""
        text = self.asgi["query_string"].decode("latin-1").replace(";", "&")
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1000, errors="strict")
        except ValueError as error:
            raise BadRequest("The query string cannot be read.") from error
        if any("\x00" in value for _, value in pairs):
            raise BadRequest("Null characters are not allowed in the query string.")
        return pairs

    def page(self, default: int) -> PageRequest:
        """The page that the query asks for."""
        is_counted = self.header(b"shippo-api-version") in COUNTING_VERSIONS
        return page_request(query_values(self.query_pairs()), default, is_counted=is_counted)

    def page_of(self, found: Slice[T], page: PageRequest, ids: Sequence[str] | None = None) -> Page[T]:
        """Rendered rows as the list envelope; `ids` are theirs where they do not show them."""
        shown = [object_id(row) for row in found.rows] if ids is None else ids
        return page_of(found, page, self.own_url(), self.query_pairs(), shown)

    def own_url(self) -> str:
        """This request's URL without its query, on the host that the client called (law 13: only for paging)."""
        host = self.header(b"host") or "localhost"
        path = self.asgi.get("portside_path") or self.asgi["path"]
        return f"{self.asgi['scheme']}://{host}{path}"


@lru_cache(maxsize=256)
def _query_fields(kind: Any) -> dict[str, bool]:
    """The names of a query's fields, and whether each is a list."""
    return {field.encode_name: "list" in str(field.type) for field in msgspec.structs.fields(kind)}


def query_values(pairs: Sequence[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    """Query pairs by name, `[]` cut from names."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name.removesuffix("[]"), []).append(value)
    return values


def _parts(values: Sequence[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def header(asgi_scope: Mapping[str, Any], wanted: bytes) -> bytes:
    """A request header by its lower-case name; empty when absent."""
    for name, value in asgi_scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return b""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """An operation and how it is served: see `endpoint`."""

    operation: Operation
    handler: Handler
    limit: Limit | None
    on_error: Callable[[AppError], Answer] | None
    expands: Mapping[str, Loader]
    claims_key: bool
    keeps_answer: bool
    most_bytes: int | None
    permission: str
    find: Handler | None

    async def serve(self, asgi_scope: ASGIScope, receive: Receive) -> Answer:
        """The answer to one request. Raises AppError."""
        if self.on_error is None:
            return await self._answer(cast("dict[str, Any]", asgi_scope), receive)
        try:
            return await self._answer(cast("dict[str, Any]", asgi_scope), receive)
        except AppError as error:
            return self.on_error(error)

    async def _answer(self, request: dict[str, Any], receive: Receive) -> Answer:
        _check_version(request)
        caller = await caller_of(header(request, b"authorization").decode("latin-1"))
        if caller.allowed is not None and self.permission and self.permission not in caller.allowed:
            raise MissingScope(self.permission)
        scope = await acting_scope(caller, request["headers"])
        if "\x00" in request["path"]:
            # No name, id or number has one, and PostgreSQL's text cannot hold it.
            raise NotFound
        if self.limit is not None:
            await spend(request, scope, self.limit)
        takes = self.operation.takes
        given: tuple[Any, ...] = ()
        raw, content_type = b"", b""
        if takes is not None:
            raw, content_type = await read_body(request, receive, self.most_bytes)
        call = Call(request, caller, scope, raw)
        if self.find is not None:
            await self.find(call)
        if takes is not None:
            given = (raw if takes is bytes else parse(takes, raw, content_type),)
        if self.operation.method == "POST" and (key := header(request, b"idempotency-key")):
            return await self._keyed(call, given, key.decode("latin-1"))
        return await self._carried_out(call, given)

    async def _carried_out(self, call: Call, given: tuple[Any, ...]) -> Answer:
        asked = self._expanded(call)
        found = await self.handler(call, *given)
        if asked:
            await expand(found, call.scope, self.expands, asked)
        return rendered(found, self.operation.status)

    def _expanded(self, call: Call) -> set[str]:
        """The fields whose ids the caller wants replaced by objects, and may read. Raises MissingScope."""
        if not self.expands or b"expand" not in call.asgi["query_string"]:
            return set()
        asked = asked_for(call.query_pairs()) & self.expands.keys()
        needed = {permission_of_field(name) for name in asked}
        if call.caller.allowed is not None and (lacking := needed - call.caller.allowed):
            raise MissingScope(min(lacking))
        return asked

    async def _keyed(self, call: Call, given: tuple[Any, ...], sent: str) -> Answer:
        run = partial(self._carried_out, call, given)
        if self.claims_key:
            return await claimed_by_handler(run)
        key = check_key(sent)
        if not key:
            return await run()
        request = Keyed(call.scope, key, f"POST {call.asgi['path']}", call.raw, self.keeps_answer)
        return await once(request, run, self.on_error or refusal)


def endpoint(
    method: Method,
    path: str,
    *,
    status: int = 200,
    takes: Any = None,
    gives: Any = None,
    query: Any = None,
    on_error: Callable[[AppError], Answer] | None = None,
    expands: Mapping[str, Loader] | None = None,
    claims_key: bool = False,
    keeps_answer: bool = True,
    most_bytes: int | None = None,
    permission: str | None = None,
    find: Handler | None = None,
) -> Callable[[Handler], Route]:
    """Make an API route of `async def handler(call)`, or `handler(call, body)` when it `takes` a body.

    The handler's answer is rendered as JSON with `status`; `gives` and `query` describe it for the OpenAPI document.
    `on_error` renders this route's errors where the contract wants another shape for them. `expands` names the fields
    whose ids `?expand=` may replace by objects, and how these are read. A POST that `claims_key` looks after its
    Idempotency-Key itself; of the others the answer is kept for repeats, unless it holds a secret (`keeps_answer`).
    A route that takes `bytes` gets the body as it is; `most_bytes` replaces the general limit of its size.
    `permission` is the scope that a token needs here, if not what rest/permissions.py says of the path; empty is none.
    `find` raises NotFound for a path that names nothing, which then is the answer whatever the body is like.
    """

    def declare(handler: Handler) -> Route:
        operation = Operation(
            method=method,
            path=path,
            status=status,
            summary=(handler.__doc__ or handler.__name__).strip(),
            takes=takes,
            gives=gives,
            query=query,
            tag=handler.__module__.split(".")[1],
            name=handler.__name__,
            expands=frozenset(expands or ()),
            permission=permission_of(method, path) if permission is None else permission,
        )
        return Route(
            operation=operation,
            handler=handler,
            limit=limit_of(method, path),
            on_error=on_error,
            expands=expands or {},
            claims_key=claims_key,
            keeps_answer=keeps_answer,
            most_bytes=most_bytes,
            permission=operation.permission,
            find=find,
        )

    return declare


def mounted(routes: Iterable[Route | ControllerRouterHandler]) -> list[ControllerRouterHandler]:
    """The routes as the framework takes them, and OPTIONS for each path before them: the framework's own, which it adds
    where none is there yet, tells only of the first method."""
    given = list(routes)
    methods: dict[str, set[str]] = {}
    for route in given:
        if isinstance(route, Route):
            methods.setdefault(_path(route), {"OPTIONS"}).add(route.operation.method)
    options = [_options(path, allowed) for path, allowed in methods.items()]
    return [*options, *(_handler(route) if isinstance(route, Route) else route for route in given)]


def _path(route: Route) -> str:
    return route.operation.path.replace("}", ":str}")


def _handler(route: Route) -> HTTPRouteHandler:
    async def serve(request: Request[Any, Any, Any]) -> ASGIApp:
        return await route.serve(request.scope, request.receive)

    return HTTPRouteHandler(_path(route), http_method=route.operation.method, status_code=200)(serve)


def _options(path: str, methods: set[str]) -> HTTPRouteHandler:
    answer = Answer(204, b"", headers=((b"allow", ", ".join(sorted(methods)).encode()),))

    async def serve() -> ASGIApp:
        return answer

    return HTTPRouteHandler(path, http_method="OPTIONS", status_code=200)(serve)


def _check_version(request: Mapping[str, Any]) -> None:
    version = header(request, b"shippo-api-version")
    if version and version.decode("latin-1").strip() not in API_VERSIONS:
        raise UnknownVersion


class UnknownVersion(FieldErrors):
    """The documented answer to an unknown Shippo-API-Version."""

    def __init__(self) -> None:
        super().__init__({"error": "The requested version is not available for this resource"})


async def read_body(request: Mapping[str, Any], receive: Receive, most_bytes: int | None = None) -> tuple[bytes, bytes]:
    """The body, decoded, and its content type. Raises BadRequest, TooLarge."""
    limit = most_bytes or services().settings.max_body_bytes
    message = cast("Mapping[str, Any]", await receive())
    raw: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, length = [raw], len(raw)
        while message.get("more_body") and length <= limit:
            message = cast("Mapping[str, Any]", await receive())
            parts.append(message.get("body", b""))
            length += len(parts[-1])
        raw = b"".join(parts)
    if message["type"] != "http.request":
        raise BadRequest("The request ended before its body did.")
    if len(raw) > limit:
        raise TooLarge("The body is too large.")
    content_type = header(request, b"content-type")
    return decoded(raw, content_type, header(request, b"content-encoding"), limit), content_type
