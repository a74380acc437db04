"""What we repeat of a trouble is ours."""

import pytest

from caseway.domain.trouble import own_words


@pytest.mark.parametrize(
    ("noted", "told"),
    [
        ("Creatio answered 500: internal words: more", "Creatio answered 500"),
        (
            "Creatio is left alone for now: Creatio answered 403: no\nright",
            "Creatio is left alone for now: Creatio answered 403",
        ),
        ("the identity service gave no token (503)", "the identity service gave no token (503)"),
        ("", ""),
    ],
)
def test_a_foreign_body_is_not_repeated(noted: str, told: str) -> None:
    assert own_words(noted) == told
