"""The directory, nonces, and renewal information: what is asked without a signature."""

from __future__ import annotations

from tlsmith.acme.renewal_info import parse_cert_id
from tlsmith.acme.resources import (
    DirectoryView,
    encode_directory,
    encode_renewal_info,
)
from tlsmith.server.acme.call import Call, Endpoint
from tlsmith.server.acme.reply import Reply, retry_after
from tlsmith.server.acme.views import PERSISTENT, hash_prefix

# Seconds until a client asks again about a certificate that must be renewed now.
_URGENT = 300


def _directory(call: Call) -> Reply:
    urls, settings = call.urls, call.service.settings
    view = DirectoryView(
        urls.new_nonce,
        urls.new_account,
        urls.new_order,
        urls.revoke_cert,
        urls.key_change,
        urls.new_authz,
        urls.renewal_info,
        settings.terms,
        settings.website,
        settings.caa_identities,
        settings.require_binding,
        call.service.profiles(),
    )
    if PERSISTENT in settings.challenges:
        view = view._replace(
            issuer_domain_names=settings.caa_identities,
            account_hash_prefix=hash_prefix(settings.caa_identities),
        )
    return Reply(200, encode_directory(view))


def _new_nonce(_call: Call) -> Reply:
    return Reply(204)


def _renewal_info(call: Call) -> Reply:
    window = call.service.renewal_window(parse_cert_id(call.ids[0]))
    settings = call.service.settings
    body = encode_renewal_info(
        window.start, window.end, explanation_url=settings.explanation_url
    )
    seconds = int(window.poll.total_seconds())
    wait = min(_URGENT, seconds) if window.is_urgent else seconds
    return Reply(200, body, fields=(retry_after(wait),))


ENDPOINTS = (
    Endpoint("directory", _directory, ""),
    Endpoint("new-nonce", _new_nonce, ""),
    Endpoint("renewal-info/{}", _renewal_info, ""),
)
