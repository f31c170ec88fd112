"""Another system to sign in by: a server of its own in the test, which speaks OpenID Connect."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NAME = "The ministry"
# The register's addresses, those included at which another system signs people in.
URLCONF = "tests.accounts.sso_urls"


class Said(NamedTuple):
    """An answer as it goes over the wire."""

    body: bytes
    kind: str | None = "application/json"
    status: int = 200


class OtherSystem(ThreadingHTTPServer):
    """It signs everybody in as `person`, or for a code as whom `people` say; the code serves as the token, too."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.person: dict[str, Any] = {}
        self.people: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, list[str]]] = []
        # What it says at a path in the place of what it should, and what else it claims in the token.
        self.instead: dict[str, Said] = {}
        self.claims: dict[str, Any] = {}

    def answer(self, path: str, form: dict[str, list[str]], token: str) -> Said:
        return self.instead.get(path) or Said(json.dumps(self.meant(path, form, token)).encode())

    def meant(self, path: str, form: dict[str, list[str]], token: str) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "person"}
            return {"issuer": self.address, "jwks_uri": f"{self.address}/keys"} | {
                name: f"{self.address}/{end}" for name, end in names.items()
            }
        if path == "/person":
            return self.people.get(token, self.person)
        self.asked.append(form)
        (code,) = form["code"]
        return {"access_token": code, "token_type": "Bearer", "id_token": self.id_token(code)}

    def id_token(self, code: str) -> str:
        now = int(time.time())
        claims = (
            self.people.get(code, self.person)
            | {"iss": self.address, "aud": "register", "iat": now, "exp": now + 60}
            | self.claims
        )
        return jwt.encode(claims, KEY, algorithm="RS256")


class _Answers(BaseHTTPRequestHandler):
    server: OtherSystem

    def do_GET(self) -> None:
        self._say({})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self._say(parse_qs(self.rfile.read(length).decode()))

    def _say(self, form: dict[str, list[str]]) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        said = self.server.answer(urlsplit(self.path).path, form, token)
        self.send_response(said.status)
        if said.kind is not None:
            self.send_header("Content-Type", said.kind)
        self.end_headers()
        self.wfile.write(said.body)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def answering() -> Iterator[OtherSystem]:
    """Another system, as long as this lasts."""
    with OtherSystem() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def named_by_settings(server: OtherSystem) -> dict[str, Any]:
    """The settings by which the register has people sign in by `server`."""
    app = {
        "provider_id": "sso", "name": NAME, "client_id": "register", "secret": "s",
        "settings": {"server_url": server.address},
    }  # fmt: skip
    return {
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}},
        "OIDC_SERVER_URL": server.address,
        "OIDC_NAME": NAME,
        "ROOT_URLCONF": URLCONF,
    }
