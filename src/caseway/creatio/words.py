"""An agent's words as a customer can read them: HTML becomes text, quoted history is folded away.

Both are total: whatever an agent's editor makes of a mail, words come out, and where folding
would leave nothing, everything stays.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Those whose reply headers the library knows. Its own default is English alone.
_LANGUAGES: Final = ("en", "de", "cs", "da", "es", "fr", "it", "ja", "ko", "nl", "pl", "sv", "zh")
FOLDED_CHARACTERS: Final = 60_000  # beyond, a mail is sent as it is: the search grows quadratic


def plain_text(html: str) -> str:
    """Paragraphs and line breaks are kept; a link whose address is not its text shows both."""
    import html_text  # costs a tenth of a second and 8 MiB: only once it is needed

    tree = html_text.parse_html(html)
    for link in tree.iter("a"):
        _show_address(link)
    return html_text.extract_text(tree)


def _show_address(link: "HtmlElement") -> None:
    address = (link.get("href") or "").strip()
    scheme, _, rest = address.partition(":")
    if scheme.lower() not in {"http", "https", "mailto", "tel"}:
        return
    words = "".join(link.itertext()).strip()
    shown = address if scheme.lower().startswith("http") else rest
    if not words or shown.rstrip("/").lower() in words.lower():
        return
    last = link[-1] if len(link) else None
    if last is None:
        link.text = f"{link.text or ''} ({shown})"
    else:
        last.tail = f"{last.tail or ''} ({shown})"


def fold_quotes(text: str) -> str:
    """The newest part of a mail, without what it answers and without the signature."""
    if len(text) > FOLDED_CHARACTERS:
        return text
    from mailparser_reply import EmailReplyParser

    newest = EmailReplyParser(languages=list(_LANGUAGES)).parse_reply(text) or ""
    return newest.strip() or text
