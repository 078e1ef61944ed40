"""What a distribution of WSL is told: a program for any POSIX shell, on its input.

Nothing of it is an argument: between Windows and the distribution those are taken
apart and put together more than once.
"""

from __future__ import annotations

from tlsmith.core.formats import encode_pem
from tlsmith.truststores.base import Root

NO_STORE, TOOL_MISSING, TOOL_FAILED = 3, 4, 5

# The whole is one function, which the shell has read before it runs anything: what it
# runs could else read the rest of the program away.
_PROGRAM = """\
set -u
umask 022
root=''  # before every path; tests have one
label='@LABEL@'
find_store() {
    fresh=
    if [ -d "$root/etc/pki/ca-trust/source" ]; then
        anchors=$root/etc/pki/ca-trust/source/anchors
        bundle=$root/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem
        tool=update-ca-trust options=
    elif [ -d "$root/etc/ca-certificates/trust-source" ]; then
        anchors=$root/etc/ca-certificates/trust-source/anchors
        bundle=$root/etc/ca-certificates/extracted/tls-ca-bundle.pem
        tool=trust options=extract-compat
    elif [ -d "$root/etc/pki/trust/anchors" ]; then
        anchors=$root/etc/pki/trust/anchors
        bundle=$root/var/lib/ca-certificates/ca-bundle.pem
        tool=update-ca-certificates options=
    elif [ -d "$root/etc/ssl/certs" ]; then
        anchors=$root/usr/local/share/ca-certificates
        bundle=$root/etc/ssl/certs/ca-certificates.crt
        tool=update-ca-certificates options=''
        if [ -e "$root/etc/debian_version" ]; then fresh=--fresh; fi
    else
        exit 3
    fi
    file=$anchors/$label.crt
    PATH=$PATH:/usr/sbin:/sbin
}
refresh() {
    command -v "$tool" >/dev/null || exit 4
    said=$("$tool" $options "$@" 2>&1 </dev/null) && return
    printf '%s\\n' "$said" | tail -n 1
    exit 5
}
look() {
    if [ -e "$file" ]; then echo "# $label"; fi
    if [ -r "$bundle" ]; then cat "$bundle"; fi
}
add() {
    command -v "$tool" >/dev/null || exit 4
    mkdir -p "$anchors"
    printf '%s' "$pem" >"$file" || exit 5
    refresh
}
remove() {
    rm -f "$file" "$root/etc/ssl/certs/$label.pem"
    # Debian's hook copies into Java's store, and takes nothing out.
    java=$root/etc/ssl/certs/java/cacerts
    if [ -e "$java" ] && command -v keytool >/dev/null; then
        keytool -delete -noprompt -alias "debian:$label.pem" -keystore "$java" \\
            -storepass changeit >/dev/null 2>&1 </dev/null
    fi
    # Debian leaves links by hash to what is gone, unless it makes them all anew.
    refresh $fresh
}
pem='@PEM@'
find_store; @VERB@; exit
"""


def program(verb: str, root: Root) -> bytes:
    """Return the program that does `verb` about a root.

    Args:
        verb: "look", which prints "# LABEL" where our file is there, and the roots the
            distribution trusts; "add" or "remove".
    """
    pem = encode_pem("CERTIFICATE", root.der).decode()
    text = _PROGRAM.replace("@LABEL@", root.label).replace("@PEM@", pem)
    return text.replace("@VERB@", verb).encode()
