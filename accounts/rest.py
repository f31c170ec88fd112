"""What every REST resource shares: who may ask, what may be asked, and how it is answered."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.authentication import SessionAuthentication as DjangoSession
from rest_framework.authentication import TokenAuthentication as DjangoToken
from rest_framework.exceptions import AuthenticationFailed, NotFound, ParseError, PermissionDenied
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.parsers import JSONParser as DjangoJSONParser
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts import again, asking, second_factor, tokens
from accounts.models import ApiToken, Role, Scope, User
from accounts.problems import Problem

LARGEST_PAGE = 500


class TokenAuthentication(DjangoToken):
    """Who asks by a token; one that is over, revoked or of a closed account is answered like one that never was."""

    def authenticate_credentials(self, key: str) -> tuple[User, ApiToken]:
        token = tokens.find(key, timezone.now())
        if token is None:
            raise AuthenticationFailed(_("This token is not valid."))
        return token.user, token


class SessionAuthentication(DjangoSession):
    """A signed-in browser; its writes carry the token against forgery from other sites."""

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        if found is not None and second_factor.is_due(request._request):
            message = _("Your role needs a second factor, and this session has not shown one.")
            raise Problem(403, "second_factor_due", message, address=reverse("mfa_index"))
        return found

    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise Problem(403, "csrf_failed", str(error.detail)) from error


class JSONParser(DjangoJSONParser):
    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deeply.")) from error


class OneRepresentation(BaseContentNegotiation):
    """JSON, whatever was asked for; a file is what it is."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        content_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""


class Pages(CursorPagination):
    """Pages by a cursor over the queryset's one order, which is unique; there is no count."""

    page_size: int = 100
    max_page_size = LARGEST_PAGE
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        if not re.fullmatch(r"[1-9][0-9]{0,2}", asked, re.ASCII) or int(asked) > LARGEST_PAGE:
            raise invalid_parameter("page_size", _("A page has 1 to %(limit)d entries.") % {"limit": LARGEST_PAGE})
        return int(asked)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        (order,) = map(str, queryset.query.order_by)
        name = order.lstrip("-")
        meta = queryset.model._meta
        self.position_field: Any = meta.pk if name == "pk" else meta.get_field(name)
        return (order,)

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None:
                # An order that is unique needs no offset, and a cursor without a place is none of ours.
                position: Any = cursor.position
                if position is None or cursor.offset or "\x00" in position:
                    raise NotFound
                self.position_field.to_python(position)
        except (NotFound, ValidationError) as error:
            raise invalid_parameter("cursor", _("This is no cursor of this list.")) from error
        return cursor


class Filters(filters.DjangoFilterBackend):
    """A value that a filter does not take is refused like every other wrong parameter."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        found = self.get_filterset(request, queryset, view)
        if found is None:
            return queryset
        if not found.is_valid():
            name, said = next(iter(found.errors.items()))
            raise invalid_parameter(name, " ".join(said))
        return found.qs


def key_filter(field_name: str) -> filters.CharFilter:
    """A filter by an object's number; one that is not there finds nothing."""
    return filters.CharFilter(field_name=field_name, validators=[RegexValidator(r"\A[1-9][0-9]{0,17}\Z")])


@extend_schema_field(OpenApiTypes.BOOL)
class FlagFilter(filters.TypedChoiceFilter):
    """A filter by ``true`` or ``false``, and nothing else."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[("true", "true"), ("false", "false")], coerce="true".__eq__, **kwargs)


class Answer(APIView):
    """One address of the API: its parameters are known, its body is bounded, its answer is private and has an ETag."""

    # The query parameters of each action (or method, where there are no actions), beside filters and pages.
    parameters: Mapping[str, Sequence[str]] = {}
    # The first tells whoever is not signed in how to be: 401, not 403.
    authentication_classes = [TokenAuthentication, SessionAuthentication]
    permission_classes = [IsAuthenticated]
    # What a token must be for, by action (or method, where there are no actions); where nothing is said, to read what
    # is read, and to decide whatever writes.
    scopes: Mapping[str, Scope] = {}
    parser_classes = [JSONParser]
    content_negotiation_class = OneRepresentation
    # What a resource takes stands in the schema; an answer to OPTIONS could list what is not the asker's.
    metadata_class = None
    request: Request

    @property
    def largest_body(self) -> int:
        """The most bytes that a request has."""
        return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)

    @property
    def user(self) -> User:
        # `permission_classes` lets nobody else through.
        return cast(User, self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before anything reads the body: who asks is found out in its form, too.
        if int(request.META.get("CONTENT_LENGTH") or 0) > self.largest_body:
            raise Problem(413, "too_large", _("The request is too large."))
        super().initial(request, *args, **kwargs)
        self.check_scope(request)
        self.check_parameters(request)

    def check_scope(self, request: Request) -> None:
        """Refuse a token that is not for this, and a session that decides and did not lately show who it is."""
        default = Scope.READ if request.method in SAFE_METHODS else Scope.DECIDE
        due = self.scopes.get(self._action_asked(), default)
        if isinstance(request.auth, ApiToken):
            if due not in request.auth.scopes:
                message = _("This token is not for this: it has not the scope “%(scope)s”.") % {"scope": due.value}
                raise Problem(403, "scope_missing", message, scope=due.value)
        elif due == Scope.DECIDE and not again.was_shown_lately(request._request):
            message = _("Who decides in a session shows again who they are, once it was some minutes ago.")
            raise Problem(403, "reauthentication_due", message, address=reverse("account_reauthenticate"))

    def _action_asked(self) -> str:
        return getattr(self, "action", None) or (self.request.method or "").lower()

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        if isinstance(request.user, User):
            asking.recognise(request.user.pk, request.user.role, channel="api")

    def check_parameters(self, request: Request) -> None:
        """Refuse a parameter that is unknown, empty or repeated: none is passed over in silence."""
        allowed = self.allowed_parameters()
        for name, values in request.query_params.lists():
            if name not in allowed:
                message = _("There is no parameter “%(name)s” here.") % {"name": name}
                raise Problem(400, "unknown_parameter", message, parameter=name, allowed=allowed)
            if len(values) != 1 or not values[0]:
                raise invalid_parameter(name, _("Give the parameter one value."))

    def allowed_parameters(self) -> list[str]:
        return sorted(self.parameters.get(self._action_asked(), ()))

    def require_role(self, *roles: Role) -> None:
        """Refuse those whose role does not allow what they ask of an object that they may see."""
        if self.user.role not in roles:
            raise Problem(403, "permission_denied", _("Your role does not allow this."))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-store"
        patch_vary_headers(response, ["Authorization", "Accept-Language"])
        if request.method in ("GET", "HEAD") and response.status_code == 200 and isinstance(response, Response):
            response.add_post_render_callback(partial(_unless_known, request))
        return response


class Resource(mixins.ListModelMixin, mixins.RetrieveModelMixin, Answer, GenericViewSet[Any]):
    """A list and its objects, of which nobody is shown more than `visible_to` allows."""

    # Unique, and what cursors are made of.
    ordering = "pk"
    pagination_class = Pages
    filter_backends = [Filters]
    # The actions that answer with pages.
    paged: frozenset[str] = frozenset({"list"})
    lookup_value_regex = "[1-9][0-9]{0,17}"
    filterset_class: type[filters.FilterSet] | None = None

    def get_queryset(self) -> QuerySet[Any]:
        found: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return found.none()
        return found.visible_to(self.user).order_by(self.ordering)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filters are the list's; one object is found by its key alone."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def allowed_parameters(self) -> list[str]:
        allowed = set(super().allowed_parameters())
        if self.action in self.paged:
            allowed |= {"cursor", "page_size"}
        if self.action == "list" and self.filterset_class:
            allowed |= set(self.filterset_class.base_filters)
        return sorted(allowed)

    def answer_page(
        self, queryset: QuerySet[Any], serializer: type[serializers.BaseSerializer[Any]], **known: Any
    ) -> Response:
        """A page of what belongs to an object, such as its lines; the serializer is told what is `known`."""
        page = self.paginate_queryset(queryset)
        context = {**self.get_serializer_context(), **known}
        return self.get_paginated_response(serializer(page, many=True, context=context).data)

    def read_body(self, body: type["Body"]) -> dict[str, Any]:
        """The fields of the request as `body` takes them; raises what is wrong with them."""
        found = body(data=self.request.data, context=self.get_serializer_context())
        found.is_valid(raise_exception=True)
        return found.validated_data


class Body(serializers.Serializer[Any]):
    """The fields that a write takes; any other is refused, and so is one that is given twice."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            for name in data:
                if name not in self.fields:
                    # Half of a surrogate pair is a text that no answer can carry.
                    name = name.encode(errors="replace").decode()
                    message = _("There is no field “%(name)s” to write here.") % {"name": name}
                    raise Problem(400, "unknown_field", message, field=name, allowed=sorted(self.fields))
                if hasattr(data, "getlist") and len(data.getlist(name)) > 1:
                    raise serializers.ValidationError({name: _("Give the field one value.")}, code="repeated")
        return super().to_internal_value(data)


class Nothing(Body):
    """A write that takes no field."""


class WholeNumberField(serializers.IntegerField):
    """A number from nought on, in ASCII digits: Python would read “１００” and “1_0” as well."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and not re.fullmatch(r"[0-9]{1,18}", data, re.ASCII):
            self.fail("invalid")
        return super().to_internal_value(data)


class CodeField(serializers.SlugRelatedField[Any]):
    """An object by its code: one that the caller may not see is one that does not exist."""

    def get_queryset(self) -> QuerySet[Any]:
        found: Any = super().get_queryset()
        return found.visible_to(self.context["request"].user)


class Moment(NamedTuple):
    """The day that is asked about, and the instant as known at which."""

    day: date
    known_at: datetime


AS_OF = OpenApiParameter("as_of", OpenApiTypes.DATE, description="The day that is asked about; today where not given.")
KNOWN_AT = OpenApiParameter(
    "known_at", OpenApiTypes.DATETIME, description="As it was known at this instant; now where not given."
)


def moment_of(request: Request) -> Moment:
    """The ``as_of`` and ``known_at`` of a request; today and now where not given."""
    day, known_at = timezone.localdate(), timezone.now()
    if asked := request.query_params.get("as_of"):
        if not (read := _read(parse_date, r"\d{4}-\d{2}-\d{2}", asked)):
            raise invalid_parameter("as_of", _("A day is written like 2025-12-31."))
        day = read
    if asked := request.query_params.get("known_at"):
        pattern = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})"
        if not (at := _read(_in_utc, pattern, asked)):
            example = "2025-12-31T23:59:59Z"
            raise invalid_parameter("known_at", _("An instant is written like %(example)s.") % {"example": example})
        known_at = at
    return Moment(day, known_at)


def _read(parse: Any, pattern: str, text: str) -> Any:
    try:
        return parse(text) if re.fullmatch(pattern, text, re.ASCII) else None
    except (ValueError, OverflowError):
        return None


def _in_utc(text: str) -> datetime | None:
    """An instant as PostgreSQL takes it, which knows no zone that is sixteen hours off or more."""
    at = parse_datetime(text)
    return at and at.astimezone(UTC)


def invalid_parameter(name: str, message: str) -> Problem:
    return Problem(400, "invalid_parameter", f"{name}: {message}", parameter=name)


def sealed_file(
    request: HttpRequest | Request, path: Path, *, sha256: str, name: str, content_type: str
) -> HttpResponseBase:
    """The bytes at `path`, which never change, as an attachment under `name`, which is a label and nothing more."""
    etag = f'"{sha256}"'
    if _is_known(request, etag):
        return HttpResponseNotModified(headers={"ETag": etag})
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=label_of(name), content_type=content_type, headers={"ETag": etag}
    )


def streamed(
    request: HttpRequest | Request, parts: Iterable[str], *, etag: str, content_type: str = "application/json"
) -> HttpResponseBase:
    """What is too long to be held whole, a part after the other; `etag` is of all that it follows from."""
    if _is_known(request, etag):
        return HttpResponseNotModified(headers={"ETag": etag})
    return StreamingHttpResponse(parts, content_type=content_type, headers={"ETag": etag})


def label_of(name: str) -> str:
    """A file's name as a header can carry it: a label and nothing more."""
    return "".join(character for character in name if character.isprintable())


def _unless_known(request: Request, response: Response) -> HttpResponse | None:
    """Give a rendered answer its ETag; 304 where the caller holds it already."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    if not _is_known(request, etag):
        return None
    kept = ("ETag", "Cache-Control", "Vary")
    return HttpResponseNotModified(headers={name: response.headers[name] for name in kept})


def _is_known(request: HttpRequest | Request, etag: str) -> bool:
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return known == ["*"] or etag in [tag.removeprefix("W/") for tag in known]
