"""The program of one parsing child: reads frames of mails from its socket, answers one by one, ends when it closes.

Imports nothing of Django, so that it stays small and holds no secrets of the product.
"""

import json
import resource
import socket
import struct
import time
from typing import Any

from channels_inbound.email.parse import Unparseable, parse_email
from channels_inbound.email.wire import to_wire

FRAME = struct.Struct("!II")
LENGTH = struct.Struct("!Q")
ANSWER = struct.Struct("!BI")
PARSED, FAILED = 0, 1


def main(options: dict[str, Any]) -> None:
    """Serve the socket on standard input until the parent closes it."""
    _limit(resource.RLIMIT_AS, options["memory_bytes"])
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        _limit(limit, 0)
    with socket.socket(fileno=0) as link:
        while True:
            head = _receive(link, FRAME.size)
            if head is None:
                return
            count, options_size = FRAME.unpack(head)
            asked = json.loads(_receive(link, options_size) or b"{}")
            sizes = [LENGTH.unpack(_receive(link, LENGTH.size) or b"\0" * 8)[0] for _ in range(count)]
            mails = [_receive(link, size) for size in sizes]
            for index, raw in enumerate(mails):
                mails[index] = None
                _allow_cpu(options["cpu_seconds"])
                status, answer = _answer(raw or b"", asked["trusted_authserv_ids"])
                del raw
                link.sendall(ANSWER.pack(status, len(answer)) + answer)


def _answer(raw: bytes, trusted: list[str]) -> tuple[int, bytes]:
    try:
        return PARSED, to_wire(parse_email(raw, trusted_authserv_ids=trusted, keep_content=False))
    except Unparseable as error:
        failure = ["unparseable", str(error)]
    except MemoryError:
        failure = ["memory", "more memory than a mail may take"]
    except BaseException as error:  # noqa: BLE001 - a panic in Rust is no Exception
        failure = ["error", f"{type(error).__name__}: {str(error)[:300]}"]
    return FAILED, json.dumps(failure).encode()


def _limit(what: int, value: int) -> None:
    _soft, hard = resource.getrlimit(what)
    wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (wanted, wanted))


def _allow_cpu(seconds: int) -> None:
    """The limit counts from the start of the process, so it is moved on before each mail."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + seconds + 1, hard))


def _receive(link: socket.socket, size: int) -> bytes | None:
    buffer = bytearray(size)
    view, have = memoryview(buffer), 0
    while have < size:
        got = link.recv_into(view[have:], min(size - have, 1 << 20))
        if not got:
            return None
        have += got
    view.release()
    return bytes(buffer)
