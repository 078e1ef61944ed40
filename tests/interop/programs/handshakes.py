"""Shake hands in memory, with the strictest checks Python's ssl knows.

Runs under any Python, without anything installed. Each line read: root, chain, host,
usage, key, with tabs between; for the usage "client" it is the client that shows the
chain, to a server with the one in the next column. Each line written: "ok", or what is
wrong.
"""

import ssl
import sys

# What Python 3.13 sets by default; older ones can be asked for it.
STRICT = ssl.VERIFY_X509_STRICT | getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0x80000)


def contexts(root, chain, usage, key, server_chain):
    client = ssl.create_default_context(cafile=root)
    if sys.version_info >= (3, 13):
        assert client.verify_flags & STRICT == STRICT
    client.verify_flags |= STRICT
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(server_chain if usage == "client" else chain, key)
    if usage == "client":
        client.load_cert_chain(chain, key)
        server.load_verify_locations(root)
        server.verify_mode = ssl.CERT_REQUIRED
        server.verify_flags |= STRICT
    return client, server


def shake_hands(client, server, host):
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname=host)
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [asking, serving]
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
        if not waiting:
            return
    raise AssertionError("the handshake never ended")


def answer(line):
    root, chain, host, usage, key, server_chain = line.rstrip("\n").split("\t")
    try:
        shake_hands(*contexts(root, chain, usage, key, server_chain), host)
    except ssl.SSLError as error:
        return str(error).replace("\n", " ")
    return "ok"


for line in sys.stdin:
    print(answer(line), flush=True)
