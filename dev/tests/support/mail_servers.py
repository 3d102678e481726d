"""Small mail servers: a mailbox by POP3 and IMAP, and one that takes mail by SMTP.

They speak what Odoo's client asks, and remember what happens to each message.
"""

import contextlib
import re
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """Messages; ``deleted`` and ``seen`` have the numbers (from 1) of those that are."""

    messages: list[bytes] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)
    port: int = 0


class _Session(socketserver.StreamRequestHandler):
    """Lines of commands; a method of each answers one."""

    greeting = b""
    wbufsize = -1  # answers are sent whole

    @property
    def box(self) -> Mailbox:
        box: Mailbox = self.server.box  # type: ignore[attr-defined]
        return box

    def handle(self) -> None:
        self.say(self.greeting)
        with contextlib.suppress(ConnectionError):
            while line := self.rfile.readline().strip():
                if not self.answer(line):
                    return

    def say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))
        self.wfile.flush()

    def answer(self, line: bytes) -> bool:
        raise NotImplementedError


class Pop3(_Session):
    greeting = b"+OK"

    def answer(self, line: bytes) -> bool:
        command, *arguments = line.upper().split()
        sizes = [len(message) for message in self.box.messages]
        if command == b"STAT":
            self.say(b"+OK %d %d" % (len(sizes), sum(sizes)))
        elif command in (b"LIST", b"UIDL"):
            lines = [b"%d %d" % pair for pair in enumerate(sizes, start=1)]
            self.say(b"+OK", *lines, b".")
        elif command == b"RETR":
            lines = self.box.messages[int(arguments[0]) - 1].split(b"\r\n")
            stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
            self.say(b"+OK", *stuffed, b".")
        elif command == b"DELE":
            self.box.deleted.add(int(arguments[0]))
            self.say(b"+OK")
        else:
            self.say(b"+OK")
        return command != b"QUIT"


class Imap(_Session):
    greeting = b"* OK IMAP4rev1"

    def answer(self, line: bytes) -> bool:
        tag, command, *arguments = line.split()
        command = command.upper()
        if command == b"CAPABILITY":
            self.say(b"* CAPABILITY IMAP4rev1")
        elif command == b"SELECT":
            self.say(b"* %d EXISTS" % len(self.box.messages))
        elif command == b"SEARCH":
            unseen = [n for n, _m in enumerate(self.box.messages, 1) if n not in self.box.seen]
            self.say(b"* SEARCH " + b" ".join(b"%d" % number for number in unseen))
        elif command == b"FETCH":
            number = int(arguments[0])
            message = self.box.messages[number - 1]
            head = b"* %d FETCH (RFC822 {%d}" % (number, len(message))
            self.say(head, message + b")")
        elif command == b"STORE":
            change = self.box.seen.add if arguments[1].startswith(b"+") else self.box.seen.discard
            change(int(arguments[0]))
        self.say(tag + b" OK done")
        return command != b"LOGOUT"


class Smtp(_Session):
    greeting = b"220 ready"

    def answer(self, line: bytes) -> bool:
        command = line[:4].upper()
        if command == b"DATA":
            self.say(b"354 go on")
            lines = []
            while (text := self.rfile.readline()) != b".\r\n":
                lines.append(re.sub(rb"^\.", b"", text))
            self.box.messages.append(b"".join(lines))
        self.say(b"250 done" if command != b"QUIT" else b"221 bye")
        return command != b"QUIT"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    box: Mailbox


@contextlib.contextmanager
def serving(kind: type[_Session], messages: list[bytes] | None = None) -> Iterator[Mailbox]:
    """Run a server of a kind as long as the block lasts; gives its mailbox."""
    with _Server(("127.0.0.1", 0), kind) as server:
        server.box = Mailbox(list(messages or []), port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.box
        server.shutdown()
