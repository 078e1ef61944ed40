"""Problems in plain words: what happened, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_HTTP, _DNS, _ALPN = "http-01", "dns-01", "tls-alpn-01"
_WITH_TXT = (_DNS, "dns-account-01", "dns-persist-01")
# Not of the registry: nobody completed the order while it could be, or its client gave
# a name of it up, which is told as "unauthorized" to whoever asks for it still.
LAPSED, GIVEN_UP = "lapsed", "deactivated"


class Failure(NamedTuple):
    """Why something failed.

    Args:
        type: of the problem, without its URN.
        said: what happened, in a few words.
        detail: the same as it was told to the client, with addresses and values.
        advice: what to do.
        name: the identifier it is about, empty where it is about none.
        challenge: the type of the one that was tried, empty where that is not known.
    """

    type: str
    said: str
    detail: str
    advice: str
    name: str = ""
    challenge: str = ""


class Reason(NamedTuple):
    """What a type of problem means; `{name}` stands for the identifier.

    Args:
        advice: for any challenge that `by_challenge` has none for.
    """

    said: str
    advice: str
    by_challenge: Mapping[str, str] = {}


# Of the registry of RFC 8555 section 9.7.4 those that a server of ours gives.
REASONS: Mapping[str, Reason] = {
    "accountDoesNotExist": Reason(
        "there is no account with that key",
        "register again: remove the client's account for this CA, and run it once more",
    ),
    "alreadyReplaced": Reason(
        "another order renews that certificate already",
        "let the other order end, or order without naming what is replaced",
    ),
    "alreadyRevoked": Reason(
        "the certificate was revoked before",
        "nothing: it is revoked",
    ),
    "badCSR": Reason(
        "the certificate request is not one that this order can have",
        "have the client make a new key, and ask for exactly the names of its order",
    ),
    "badNonce": Reason(
        "the request was signed for another moment",
        "nothing: clients try again by themselves; if they do not, see that no proxy "
        "keeps answers of /acme/",
    ),
    "badPublicKey": Reason(
        "the account's key is too weak, or known to be stolen",
        "have the client make an account with a new key, P-256 or RSA of 2048 bits",
    ),
    "badRevocationReason": Reason(
        "the reason for revoking is not one that holders can give",
        "leave the reason out, or give keyCompromise, affiliationChanged, superseded, "
        "cessationOfOperation or privilegeWithdrawn",
    ),
    "badSignatureAlgorithm": Reason(
        "the request is signed in a way that ACME does not allow",
        "have the client use an account key of P-256, P-384, Ed25519 or RSA",
    ),
    "caa": Reason(
        "a CAA record of {name} lets only other CAs issue for it",
        "add a CAA record for {name} that names this CA (acme.caa_identities), or set "
        "acme.check_caa to false",
    ),
    "compound": Reason(
        "several names have each a problem of their own",
        "see the problem of each",
    ),
    "connection": Reason(
        "the CA could not connect to {name}",
        "see that {name} can be reached from the CA's host",
        {
            _HTTP: "have port 80 of {name} lead to the ACME client's host, through "
            "every firewall between it and the CA; or use dns-01",
            _ALPN: "have port 443 of {name} lead to the ACME client's host, through "
            "every firewall between it and the CA; or use dns-01",
        },
    ),
    GIVEN_UP: Reason(
        "deactivated by the client: it gave the authorization of a name up",
        "nothing if that was meant: clients do so when they stop before the end; else "
        "see the client's log, and have it order again",
    ),
    "dns": Reason(
        "DNS has no answer for {name}",
        "see that the resolver that the CA asks (acme.resolver) knows {name}",
        {
            _HTTP: "add an A or AAAA record for {name} that the CA's resolver sees "
            "(acme.resolver names another)",
            _ALPN: "add an A or AAAA record for {name} that the CA's resolver sees "
            "(acme.resolver names another)",
            **dict.fromkeys(
                _WITH_TXT,
                "see that the client may write to the zone of {name}, that it waits "
                "until the zone's servers have the record, and that the CA asks a "
                "resolver that sees the zone (acme.resolver)",
            ),
        },
    ),
    "externalAccountRequired": Reason(
        "this CA takes new accounts with an external account alone",
        "make one, tlsmith eab create NAME, and give the client its identifier and key",
    ),
    "incorrectResponse": Reason(
        "{name} answered, but not with what the client was to put there",
        "see that {name} leads to the host of this client, and not to another",
        {
            _HTTP: "see that {name} leads to this client's host, and that proxies and "
            "rewrites leave /.well-known/acme-challenge/ alone",
            _ALPN: "see that {name} leads to this client's host, and that nothing "
            "before it ends TLS on port 443",
            **dict.fromkeys(
                _WITH_TXT,
                "see that no older TXT record is left, and that the client waits until "
                "all servers of the zone have the new one",
            ),
        },
    ),
    "invalidContact": Reason(
        "a contact is not an e-mail address",
        "give the client an address of the form name@example.com, or none",
    ),
    "invalidProfile": Reason(
        "there is no such profile for this account",
        "see which there are: the directory lists them, as does tlsmith profile list",
    ),
    LAPSED: Reason(
        "nobody completed the order in time",
        "nothing if the client ordered again; else see its log: it stopped half way",
    ),
    "malformed": Reason(
        "the request is not one that ACME knows",
        "see that the client is up to date, and that no proxy changes what it sends",
    ),
    "orderNotReady": Reason(
        "the order cannot be finalized as it stands",
        "nothing: the client waits for its challenges, or orders again",
    ),
    "rateLimited": Reason(
        "more was asked for than one may in that time",
        "wait as long as Retry-After says; the limits are acme.orders_per_hour, "
        "acme.orders_per_name_per_day, acme.accounts_per_hour, acme.failures_per_hour",
    ),
    "rejectedIdentifier": Reason(
        "this CA does not issue for that name, or not to this account",
        "see the profile, the policy and the CA's name constraints (tlsmith ca show), "
        "and the bounds of the account's EAB (tlsmith eab list)",
    ),
    "serverInternal": Reason(
        "the CA could not do it; the client is not at fault",
        "see the server's log and /readyz",
    ),
    "tls": Reason(
        "there is no TLS with {name} as the challenge needs it",
        "see the log of what has the port",
        {
            _HTTP: "{name} redirects to https, and TLS fails there: serve "
            "/.well-known/acme-challenge/ over plain http",
            _ALPN: "see that the ACME client, or a server that knows acme-tls/1, has "
            "port 443 of {name}",
        },
    ),
    "unauthorized": Reason(
        "the account may not do that, or may no longer",
        "see the account: tlsmith account show ID; it may have been deactivated, or "
        "its authorization given up, or its EAB taken back",
    ),
    "unsupportedContact": Reason(
        "a contact is of a kind that this CA cannot use",
        "give the client an e-mail address, or none",
    ),
    "unsupportedIdentifier": Reason(
        "this CA issues by ACME for DNS names and IP addresses alone",
        "order those alone, or use the API for other names",
    ),
    "userActionRequired": Reason(
        "a person has to do something first",
        "agree to the terms of service (acme.terms) with the client's option for it",
    ),
}
_UNKNOWN = Reason("the CA refused it", "see what the client was told")


def failure_of(
    problem: Mapping[str, Any], name: str = "", challenge: str = ""
) -> Failure:
    """Return a problem document in plain words.

    Args:
        name: the identifier, where the document has none.
        challenge: the type of the one that was tried, where that is known.
    """
    kind = str(problem.get("type", "")).rpartition(":")[2]
    parts = problem.get("subproblems") or [{}]
    identifier = parts[0].get("identifier") or {}
    found = str(identifier.get("value") or name)
    return failure(kind, str(problem.get("detail", "")), found, challenge)


def failure(kind: str, detail: str, name: str = "", challenge: str = "") -> Failure:
    """Return a problem of a type in plain words."""
    reason = REASONS.get(kind, _UNKNOWN)
    advice = reason.by_challenge.get(challenge, reason.advice)
    words = {"name": name.removeprefix("*.") or "the name"}
    return Failure(
        kind,
        reason.said.format(**words),
        detail,
        advice.format(**words),
        name,
        challenge,
    )
