"""A mail server that speaks SMTP on a port of this machine, and can say no, or nothing."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


class MailServer(socketserver.ThreadingTCPServer):
    """`refuses` answers a command (``MAIL``, ``RCPT``, ``DATA``) with no; `falls_silent` hangs up once a mail is in."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails: list[EmailMessage] = []
        self.connections = 0
        self.refuses: str | None = None
        self.falls_silent = False

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = cast(MailServer, self.server)
        server.connections += 1
        self.say("220 ready")
        while line := self.rfile.readline():
            command = line.split(maxsplit=1)[0].decode().upper() if line.strip() else ""
            if command == server.refuses:
                self.say("451 try again later")
            elif command == "DATA":
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                server.mails.append(cast(EmailMessage, message_from_bytes(b"".join(lines), policy=policy.default)))
                if server.falls_silent:
                    return
                self.say("250 taken")
            elif command == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


@contextmanager
def serving() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
