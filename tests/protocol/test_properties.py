"""What holds for any input: round trips, steps of padding, and kits that notice a slip of the finger."""

import string
from typing import Final

import pytest
from aftertide.protocol import is_sealed_length, padded_length
from aftertide.protocol.encoding import b64, b64u, new_id, unb64, unb64u
from aftertide.protocol.errors import Base64Error, DoesNotOpenError, JsonError, KitMistypedError
from aftertide.protocol.grants import open_grant, seal_grant
from aftertide.protocol.ijson import Json, dump, parse
from aftertide.protocol.keys import Identity, RecordKey, SecretKey
from aftertide.protocol.kit import print_kit, read_kit
from aftertide.protocol.padding import SEAL_OVERHEAD, pad, unpad
from aftertide.protocol.primitives import seal, unseal
from hypothesis import given
from hypothesis import strategies as st

MEBIBYTE: Final = 2**20
WORDS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2**53) + 1, 2**53 - 1)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
SYMBOLS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@given(st.binary())
def test_base64_has_one_spelling_each_way(data: bytes) -> None:
    assert unb64(b64(data)) == data
    assert unb64u(b64u(data)) == data


@given(st.text(string.ascii_letters + string.digits + "+/-_= \n", max_size=12))
def test_no_other_spelling_of_base64_is_read(text: str) -> None:
    for decode, encode in ((unb64, b64), (unb64u, b64u)):
        try:
            data = decode(text)
        except Base64Error:
            continue
        assert encode(data) == text


@given(st.dictionaries(WORDS, VALUES, max_size=5))
def test_json_comes_back_as_it_was(value: dict[str, Json]) -> None:
    assert parse(dump(value)) == value


@given(st.binary(max_size=200))
def test_bytes_that_are_no_json_are_refused_by_name(data: bytes) -> None:
    try:
        value = parse(data)
    except JsonError:
        return
    assert isinstance(value, dict)


def test_json_nested_too_deep_is_refused_by_name() -> None:
    with pytest.raises(JsonError):
        parse(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@given(st.binary(max_size=5_000))
def test_padding_comes_off_again(content: bytes) -> None:
    padded = pad(content)
    assert unpad(padded) == content
    assert is_sealed_length(len(padded) + SEAL_OVERHEAD)


@given(st.integers(1, MEBIBYTE + 1))
def test_a_step_is_never_below_and_at_most_an_eighth_above(length: int) -> None:
    step = padded_length(length)
    assert step >= length
    assert padded_length(step) == step
    assert is_sealed_length(step + SEAL_OVERHEAD)
    if length > 16_384:
        assert step <= length * 9 // 8


@given(st.integers(1, MEBIBYTE), st.integers(1, MEBIBYTE))
def test_steps_grow_with_the_length(one: int, other: int) -> None:
    shorter, longer = sorted((one, other))
    assert padded_length(shorter) <= padded_length(longer)


@given(st.binary(min_size=20, max_size=20), st.sampled_from(["", " ", "-", " - "]), st.booleans())
def test_a_kit_is_read_however_it_is_written(secret: bytes, between: str, lower: bool) -> None:  # noqa: FBT001 - hypothesis passes it
    written = between.join(print_kit(secret).split("-"))
    assert read_kit(written.lower() if lower else written) == secret


@given(st.binary(min_size=20, max_size=20), st.integers(0, 31), st.sampled_from(SYMBOLS))
def test_one_wrong_symbol_of_a_kit_is_noticed(secret: bytes, place: int, symbol: str) -> None:
    symbols = print_kit(secret).replace("-", "")
    mistyped = symbols[:place] + symbol + symbols[place + 1 :]
    if mistyped != symbols:
        with pytest.raises(KitMistypedError):
            read_kit(mistyped)


@given(st.binary(min_size=20, max_size=20), st.integers(0, 31), st.integers(0, 31))
def test_two_swapped_symbols_of_a_kit_are_noticed(secret: bytes, one: int, other: int) -> None:
    symbols = list(print_kit(secret).replace("-", ""))
    swapped = symbols.copy()
    swapped[one], swapped[other] = symbols[other], symbols[one]
    if swapped != symbols:
        with pytest.raises(KitMistypedError):
            read_kit("".join(swapped))


@given(st.binary(min_size=20, max_size=20), st.sampled_from(["٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９"]))
def test_digits_of_another_script_are_none_of_a_kits(secret: bytes, digits: str) -> None:
    written = print_kit(secret).translate({ord(str(at)): digit for at, digit in enumerate(digits)})
    if written != print_kit(secret):
        with pytest.raises(KitMistypedError):
            read_kit(written)


@given(st.binary(max_size=300), st.binary(max_size=50), st.integers(0, 400), st.integers(0, 7))
def test_any_flipped_bit_keeps_sealed_bytes_shut(text: bytes, aad: bytes, place: int, bit: int) -> None:
    key = SecretKey.new().reveal
    sealed = seal(key, aad, text)
    assert unseal(key, aad, sealed) == text
    altered = bytearray(sealed)
    altered[1 + place % (len(sealed) - 1)] ^= 1 << bit
    with pytest.raises(DoesNotOpenError):
        unseal(key, aad, bytes(altered))


@given(st.sampled_from([0, 1, 2]), st.integers(1, 2**31))
def test_a_grant_opens_for_its_reader_and_for_nobody_else(attention: int, epoch: int) -> None:
    owner, reader, stranger = Identity.new(), Identity.new(), Identity.new()
    key, owner_id, reader_id = RecordKey.new(), new_id(), new_id()
    chosen = next(level for level in (0, 1, 2) if level == attention)
    grant = seal_grant(owner, new_id(), owner_id, reader_id, epoch, chosen, reader.public, key)
    assert open_grant(reader, reader_id, grant, owner.public).reveal == key.reveal
    with pytest.raises(DoesNotOpenError):
        open_grant(stranger, reader_id, grant, owner.public)


def test_secrets_show_nothing_of_themselves() -> None:
    key, identity = RecordKey.new(), Identity.new()
    for shown in (repr(key), str(key), f"{key}", repr(identity), repr({"key": key})):
        assert key.reveal.hex() not in shown
        assert repr(key.reveal) not in shown
        assert repr(identity.private.private_bytes_raw()) not in shown
