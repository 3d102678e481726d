"""Compression of sessions: zlib with a dictionary of the texts that most sessions contain.

A compressed session is a zlib stream (RFC 1950). Its checksum covers the whole session, so a
payload that was cut or changed is not a session. The dictionary has the keys and usual values of
Odoo and its addons; without it zlib would save nothing on such short texts.

Compressed sessions begin with ``H``, JSON never does.
"""

import zlib

from .tagged_json import MAX_TEXT_BYTES

# The first byte and a checksum of a stream identify the window and the dictionary that it was
# made with. Another dictionary needs another first byte, and this one has to stay. The most common
# texts are last, where zlib refers to them with the fewest bits
_DICTIONARY = (
    b'"_type":"datetime_isoformat","value":"20"_type":"date_isoformat","value":"20'
    b'"_type":"set","value":["_type":"tuple","value":['
    b'"viewed_slides":{"my_tasks_history":["my_projects_history":["my_invoices_history":['
    b'"wishlist_ids":["website_sale_pricelist_time":17"website_sale_selected_pl_id":'
    b'"website_sale_current_pl":"website_sale_cart_quantity":"sale_last_order_id":'
    b'"sale_order_id":"force_website_id":"is_websocket_session":true,"webauthn_challenge":"'
    b'"profile_session":null,"profile_collectors":null,"profile_params":null,'
    b'"profile_expiration":"identity-check-last":17"identity-check-next":17'
    b'"geoip":{},"pre_login":"pre_uid":"_trace_disable":true,"expiration":'
    b'"gc_previous_sessions":true,"next_sid":"deletion_time":17'
    b'"allowed_company_ids":[1,"zh_CN""nl_NL""it_IT""es_ES""de_DE""fr_FR""en_GB"'
    b'"tz":"Asia/"tz":"America/"tz":"UTC""tz":"Europe/'
    b'"platform":"iphone""platform":"android""platform":"macos""platform":"windows"'
    b'"browser":"safari""browser":"edge""browser":"firefox"'
    b'"ip_address":"192.168."ip_address":"127.0.0.1"'
    b'{"_saved":[17,10800],"context":{"lang":"en_US"},"db":null,"debug":"","login":null,'
    b'"uid":null,"session_token":null,"_trace":[],"create_time":17'
    b'{"_saved":[17,604800],"context":{"lang":"en_US","tz":"Europe/","uid":2},'
    b'"create_time":17,"db":"","debug":"","login":".com","uid":2,"session_token":"",'
    b'"_trace":[{"platform":"linux","browser":"chrome","ip_address":"10.",'
    b'"first_activity":17,"last_activity":17}]}'
)

_FIRST = b"H"
# The first byte contains the size of the window. A larger window has a larger state, and
# clearing that state takes longer than the compression
_WINDOW_BITS = 12
_MEMORY_LEVEL = 6
_LEVEL = 3


def compress(text: bytes) -> bytes:
    """Return the compressed JSON of a session."""
    stream = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY
    )
    return stream.compress(text) + stream.flush()


def decompress(payload: bytes) -> bytes:
    """Return the JSON of a payload; JSON, which earlier releases stored, is returned unchanged.

    :raises ValueError: if the payload was cut or changed, or if the text would be too long
    """
    if not payload.startswith(_FIRST):
        return payload
    stream = zlib.decompressobj(_WINDOW_BITS, _DICTIONARY)
    try:
        text = stream.decompress(payload, MAX_TEXT_BYTES)
    except zlib.error as error:
        raise ValueError("malformed session") from error
    if not stream.eof or stream.unused_data:
        raise ValueError("malformed session")
    return text
