"""A pooler in transaction mode, as pgbouncer is: many clients, one connection of the server, handed on when a
transaction ends. It knows just enough of PostgreSQL's protocol (version 3) for that."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TERMINATE, _READY, _IDLE = b"X", b"Z", b"I"
_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104


class _Stream:
    """Messages of the protocol over a socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection

    def exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self.socket.recv(size - len(found))
            if not part:
                raise ConnectionError
            found += part
        return found

    def startup(self) -> bytes:
        length = self.exactly(4)
        return length + self.exactly(struct.unpack("!I", length)[0] - 4)

    def message(self) -> bytes:
        head = self.exactly(5)
        return head + self.exactly(struct.unpack("!I", head[1:])[0] - 4)


class _Server:
    """The one connection that all clients share, a transaction each."""

    def __init__(self, path: Path, startup: bytes) -> None:
        self.stream = _Stream(socket.socket(socket.AF_UNIX))
        self.stream.socket.connect(str(path))
        self.stream.socket.sendall(startup)
        self.greeting = b"".join(self.answer())
        self.lock = threading.Lock()
        self.transactions = 0

    def answer(self) -> Iterator[bytes]:
        """What it says until it is ready for the next message."""
        while True:
            message = self.stream.message()
            yield message
            if message[:1] == _READY:
                self.is_idle = message[5:6] == _IDLE
                return


class Pooler:
    def __init__(self, server: Path, at: Path) -> None:
        self.path, self.server = server, None
        self.lock = threading.Lock()
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(at))
        self.listening.listen()

    server: _Server | None

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_client, args=[_Stream(client)], daemon=True).start()

    def _serve_client(self, client: _Stream) -> None:
        startup = client.startup()
        while struct.unpack("!I", startup[4:8])[0] in (_SSL_REQUEST, _GSS_REQUEST):
            client.socket.sendall(b"N")
            startup = client.startup()
        with self.lock:
            self.server = self.server or _Server(self.path, startup)
        client.socket.sendall(self.server.greeting)
        try:
            while (message := client.message())[:1] != _TERMINATE:
                self._transaction(client, self.server, message)
        except ConnectionError:
            return

    def _transaction(self, client: _Stream, server: _Server, message: bytes) -> None:
        """Hand the connection to `client` until its transaction has ended."""
        with server.lock:
            server.transactions += 1
            while True:
                server.stream.socket.sendall(message)
                for part in server.answer():
                    client.socket.sendall(part)
                if server.is_idle:
                    return
                message = client.message()


@contextmanager
def pooling(server: Path, at: Path) -> Iterator[Pooler]:
    """A pooler at the socket `at` before the PostgreSQL at the socket `server`."""
    pooler = Pooler(server, at)
    threading.Thread(target=pooler.serve, daemon=True).start()
    try:
        yield pooler
    finally:
        pooler.listening.close()
        if pooler.server is not None:
            pooler.server.stream.socket.close()
