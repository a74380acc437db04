"""What a caller says of a contact becomes the peer of a conversation."""

from uuid import UUID

from caseway.web.api.models import ContactIn


def normalised_phone(text: str) -> str:
    """In E.164 where it is a valid international number, otherwise as it was given."""
    if not text.strip():
        return ""
    import phonenumbers  # 8 MiB of metadata: only who gives a number pays for it

    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return text.strip()
    if not phonenumbers.is_valid_number(number):
        return text.strip()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def peer_of(contact: ContactIn, *, phone: str, otherwise: UUID) -> str:
    """Who writes: the caller's own id, else the address, else the number, else somebody new."""
    email = contact.email.strip().lower()
    return contact.external_id.strip() or email or phone or f"new/{otherwise}"
