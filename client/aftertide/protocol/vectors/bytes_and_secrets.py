"""Negative cases of encodings, padding, sealing, and of what a person signs in with."""

from typing import Any

from aftertide.protocol.encoding import b64, new_id
from aftertide.protocol.keys import SecretKey
from aftertide.protocol.kit import print_kit
from aftertide.protocol.padding import MAX_CONTENT, pad, padded_length
from aftertide.protocol.primitives import seal
from aftertide.protocol.slots import kit_secrets, passkey_key, seal_slot
from aftertide.protocol.vectors.case import ACCEPTED, REFUSED, Case, case, flip, person, variations


def _encodings() -> list[Case]:
    contexts: list[tuple[str, list[Any], str]] = [
        ("strings and integers", ["aftertide/1/x", 0, 2**53 - 1, "", " ~"], ACCEPTED),
        ("a boolean", ["a", True], REFUSED),
        ("a float", ["a", 1.5], REFUSED),
        ("another script", ["é"], REFUSED),
        ("2^53", ["a", 2**53], REFUSED),
        ("a negative number", ["a", -1], REFUSED),
        ("null", ["a", None], REFUSED),
        ("a quotation mark", ['a"b'], REFUSED),
        ("a backslash", ["a\\b"], REFUSED),
        ("a control character", ["a\nb"], REFUSED),
        ("delete", ["\x7f"], REFUSED),
    ]
    cases = [case("ctx", f"ctx: {name}", expect, arguments=arguments) for name, arguments, expect in contexts]
    texts = [
        ("base64", "with padding", "Zm9vYg==", ACCEPTED),
        ("base64", "nothing", "", ACCEPTED),
        ("base64", "without padding", "Zm9vYg", REFUSED),
        ("base64", "too much padding", "Zm9v====", REFUSED),
        ("base64", "spare bits", "Zm9vYh==", REFUSED),
        ("base64", "white space", "Zm9v Yg==", REFUSED),
        ("base64", "a line break at the end", "Zm9vYg==\n", REFUSED),
        ("base64", "the other alphabet", "-_-_", REFUSED),
        ("base64", "foreign characters", "Zm9!", REFUSED),
        ("base64", "one symbol", "Z", REFUSED),
        ("b64u", "without padding", "-_8", ACCEPTED),
        ("b64u", "with padding", "-_8=", REFUSED),
        ("b64u", "the other alphabet", "+/8", REFUSED),
        ("b64u", "spare bits", "-_9", REFUSED),
        ("b64u", "white space", "-_8 ", REFUSED),
        ("b64u", "one symbol over", "Zm9vY", REFUSED),
        ("id", "as made", "0b4e2ef7-7f99-4aa1-ae52-f9132c9d4199", ACCEPTED),
        ("id", "upper case", "0B4E2EF7-7F99-4AA1-AE52-F9132C9D4199", REFUSED),
        ("id", "without hyphens", "0b4e2ef77f994aa1ae52f9132c9d4199", REFUSED),
        ("id", "a line break at the end", "0b4e2ef7-7f99-4aa1-ae52-f9132c9d4199\n", REFUSED),
        ("id", "nothing", "", REFUSED),
    ]
    return cases + [case(kind, f"{kind}: {name}", expect, text=text) for kind, name, text, expect in texts]


def _json() -> list[Case]:
    texts: list[tuple[str, bytes, str]] = [
        ("an object", '{"a":[1,-2.5,"é 🌊",null,true],"b":{"a":0}}'.encode(), ACCEPTED),
        ("an escaped pair of surrogates", b'{"a":"\\ud83c\\udf0a"}', ACCEPTED),
        ("2^53 - 1", b'{"a":9007199254740991,"b":-9007199254740991}', ACCEPTED),
        ("a duplicate name", b'{"a":1,"a":2}', REFUSED),
        ("a duplicate name, once escaped", b'{"a":1,"\\u0061":2}', REFUSED),
        ("a duplicate name inside", b'{"x":[{"a":1,"b":2,"a":3}]}', REFUSED),
        ("NaN", b'{"a":NaN}', REFUSED),
        ("an infinity", b'{"a":-Infinity}', REFUSED),
        ("a number that overflows", b'{"a":1e999}', REFUSED),
        ("2^53", b'{"a":9007199254740992}', REFUSED),
        ("-2^53 as an exponent", b'{"a":-9007199254740992e0}', REFUSED),
        ("a lone surrogate", b'{"a":"\\ud83c"}', REFUSED),
        ("surrogates the wrong way round", b'{"a":"\\udf0a\\ud83c"}', REFUSED),
        ("a lone surrogate in a name", b'{"\\udf0a":1}', REFUSED),
        ("a surrogate in UTF-8", b'{"a":"\xed\xa0\xbc"}', REFUSED),
        ("bytes that aren't UTF-8", b'{"a":"\xff"}', REFUSED),
        ("a byte order mark", b'\xef\xbb\xbf{"a":1}', REFUSED),
        ("an array", b"[1]", REFUSED),
        ("a comma too many", b'{"a":1,}', REFUSED),
        ("something after the end", b'{"a":1}{}', REFUSED),
        ("a raw line break in a string", b'{"a":"b\nc"}', REFUSED),
        ("nothing", b"", REFUSED),
    ]
    return [case("json", f"json: {name}", expect, bytes=b64(data)) for name, data, expect in texts]


def _padding() -> list[Case]:
    small = pad(b"abc")
    unpads = [
        ("as made", small, ACCEPTED),
        ("content that ends in the mark and zeros", pad(b"abc\x80\0\0"), ACCEPTED),
        ("nothing inside", pad(b""), ACCEPTED),
        ("zeros only", bytes(1_024), REFUSED),
        ("no bytes", b"", REFUSED),
        ("a step too long", small.ljust(2_048, b"\0"), REFUSED),
        ("not a step", small[:-1], REFUSED),
        ("something in the zeros", small[:-1] + b"\x01", REFUSED),
        ("no mark", b"a" * 1_024, REFUSED),
    ]
    cases = [case("unpad", f"unpad: {name}", expect, bytes=b64(data)) for name, data, expect in unpads]
    for length in (0, 1, 1_022, 1_023, 1_024, 1_025, 16_383, 16_384, 16_385, MAX_CONTENT):
        padded = padded_length(length + 1)
        cases.append(case("pad", f"pad: {length} bytes", ACCEPTED, length=length, padded=padded))
    cases.append(
        case("pad", "pad: more than 1 MiB", REFUSED, length=MAX_CONTENT + 1, padded=padded_length(MAX_CONTENT + 2))
    )
    lengths = {1_053: ACCEPTED, 2_077: ACCEPTED, 17_437: ACCEPTED, 1_048_605: ACCEPTED, 1_081_373: ACCEPTED}
    lengths |= {0: REFUSED, 29: REFUSED, 1_024: REFUSED, 1_052: REFUSED, 1_054: REFUSED, 16_414: REFUSED}
    lengths |= {17_438: REFUSED, 1_081_374: REFUSED, 1_114_141: REFUSED}
    return cases + [
        case("sealed-length", f"sealed-length: {length}", expect, length=length) for length, expect in lengths.items()
    ]


def _sealing() -> list[Case]:
    key, aad = SecretKey.new().reveal, "aftertide"
    sealed = seal(key, aad.encode(), b"words")
    right = {"key": b64(key), "aad": aad, "sealed": b64(sealed)}
    cases = variations(
        "open",
        right,
        {
            "another key": {"key": b64(SecretKey.new().reveal)},
            "another context": {"aad": "aftertidf"},
            "another suite": {"sealed": b64(b"\x02" + sealed[1:])},
            "a flipped bit": {"sealed": b64(flip(sealed))},
            "a flipped nonce": {"sealed": b64(flip(sealed, 1))},
            "cut": {"sealed": b64(sealed[:-1])},
            "28 bytes": {"sealed": b64(sealed[:28])},
            "nothing": {"sealed": ""},
        },
    )
    cases.append(
        case("open", "open: nothing sealed", ACCEPTED, **{**right, "sealed": b64(seal(key, aad.encode(), b""))})
    )
    return cases


def _credentials() -> list[Case]:
    parameters: list[tuple[str, str, int, int, int, str]] = [
        ("the set of suite 1", "argon2id", 65_536, 3, 1, ACCEPTED),
        ("less memory", "argon2id", 8, 3, 1, REFUSED),
        ("more memory", "argon2id", 1_048_576, 3, 1, REFUSED),
        ("fewer passes", "argon2id", 65_536, 1, 1, REFUSED),
        ("more passes", "argon2id", 65_536, 4, 1, REFUSED),
        ("more lanes", "argon2id", 65_536, 3, 2, REFUSED),
        ("another function", "argon2i", 65_536, 3, 1, REFUSED),
    ]
    cases = [
        case("argon2id", f"argon2id: {name}", expect, kdf=kdf, m=m, t=t, p=p)
        for name, kdf, m, t, p, expect in parameters
    ]
    emails = [
        ("as sent", "ana@example.org", ACCEPTED),
        ("upper case, space and tab around", " \tAna@Example.ORG ", ACCEPTED),
        ("a plus", "ana+x@example.org", ACCEPTED),
        ("an international domain in plain characters", "ana@xn--mnchen-3ya.example", ACCEPTED),
        ("an international domain", "ana@münchen.example", REFUSED),
        ("a space inside", "an a@example.org", REFUSED),
        ("a quotation mark", '"ana"@example.org', REFUSED),
        ("a backslash", "a\\na@example.org", REFUSED),
        ("two at signs", "a@b@example.org", REFUSED),
        ("nothing before the sign", "@example.org", REFUSED),
        ("nothing after the sign", "ana@", REFUSED),
        ("a line break at the end", "ana@example.org\n", REFUSED),
        ("over 254 characters", "a" * 250 + "@b.cd", REFUSED),
    ]
    cases += [case("email", f"email: {name}", expect, typed=typed) for name, typed, expect in emails]
    passphrases = [
        ("five words", "tide shell lamp quiet oar", ACCEPTED),
        ("twelve characters", "Wq7 zz-Ünï 9", ACCEPTED),
        ("eleven characters", "Wq7 zz-Ünï9", REFUSED),
        ("eleven characters that were twelve before NFKC", "Wq7 zz-Un9e\u0301", REFUSED),
        ("twelve characters that were eleven before NFKC", "Wq7 zz-Un9\ufb01", ACCEPTED),
        ("eleven emoji", "🌊🐚🦀🌊🐚🦀🌊🐚🦀🌊🐚", REFUSED),
        ("twelve emoji", "🌊🐚🦀🌊🐚🦀🌊🐚🦀🌊🐚🦀", ACCEPTED),
        ("a common one", "correct horse battery staple", REFUSED),
        ("a common one in capitals", "QWERTY123456", REFUSED),
        ("a common one in full width", "\uff51werty123456", REFUSED),
        ("a character of Unicode 15", "tide shell lamp \U0001fae8", REFUSED),
        ("a noncharacter", "tide shell lamp \uffff", REFUSED),
        ("a private character", "tide shell lamp \ue000", ACCEPTED),
    ]
    cases += [case("passphrase", f"passphrase: {name}", expect, typed=typed) for name, typed, expect in passphrases]
    # A lone surrogate has no UTF-8, so that case travels as UTF-16 code units.
    units = [ord(unit) for unit in "tide shell lamp "] + [0xD83C]
    cases.append(case("passphrase", "passphrase: a lone surrogate", REFUSED, units=units))
    return cases


def _kits() -> list[Case]:
    secret = bytes(range(20))
    kit = print_kit(secret)
    # The kit of these bytes holds a 0 and a 1, so that what stands for them can be tried.
    kits = [
        ("as printed", kit, ACCEPTED),
        ("lower case, spaces", kit.lower().replace("-", " "), ACCEPTED),
        ("letters for digits", kit.replace("0", "o").replace("1", "l"), ACCEPTED),
        ("the check symbol missing", kit[:-1], REFUSED),
        ("a symbol too many", kit + "0", REFUSED),
        ("one symbol mistyped", ("Z" if kit[0] != "Z" else "Y") + kit[1:], REFUSED),
        ("two neighbours swapped", kit[:7] + kit[8] + kit[7] + kit[9:], REFUSED),
        ("a check symbol among the others", "U" + kit[1:], REFUSED),
        ("a foreign symbol", "!" + kit[1:], REFUSED),
        ("nothing", "", REFUSED),
    ]
    return [case("kit", f"kit: {name}", expect, typed=typed, secret=b64(secret)) for name, typed, expect in kits]


def _slots() -> list[Case]:
    ana, slot, secret = person("ana"), new_id(), bytes(range(20))
    sealed = seal_slot(kit_secrets(secret).slot_key, ana.id, slot, "recovery", 2, ana.account_key)
    right = {
        "secret": b64(secret),
        "account": ana.id,
        "id": slot,
        "method": "recovery",
        "gen": 2,
        "sealed": b64(sealed),
        "highest_gen": 2,
    }
    return variations(
        "slot",
        right,
        {
            "another secret": {"secret": b64(bytes(20))},
            "another account": {"account": new_id()},
            "another slot": {"id": new_id()},
            "another method": {"method": "passphrase"},
            "another generation": {"gen": 1, "highest_gen": 1},
            "a generation that has been replaced": {"highest_gen": 3},
        },
    )


def _passkey_slots() -> list[Case]:
    ana, slot, prf = person("ana"), new_id(), SecretKey.new().reveal
    sealed = seal_slot(passkey_key(prf), ana.id, slot, "passkey", 2, ana.account_key)
    as_kit = seal_slot(passkey_key(prf), ana.id, slot, "recovery", 2, ana.account_key)
    right = {"prf": b64(prf), "account": ana.id, "id": slot, "gen": 2, "sealed": b64(sealed)}
    return variations(
        "passkey-slot",
        right,
        {
            "another output": {"prf": b64(SecretKey.new().reveal)},
            "an output of 31 bytes": {"prf": b64(prf[:31])},
            "two outputs": {"prf": b64(prf * 2)},
            "another account": {"account": new_id()},
            "another slot": {"id": new_id()},
            "another generation": {"gen": 1},
            "sealed as another method's": {"sealed": b64(as_kit)},
        },
    )


def make() -> list[Case]:
    """Make the cases of this module; keys in them are new each time."""
    return [
        made
        for part in (_encodings, _json, _padding, _sealing, _credentials, _kits, _slots, _passkey_slots)
        for made in part()
    ]
