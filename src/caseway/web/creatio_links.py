"""Addresses of Creatio's own pages, for people: Classic UI's, which every version opens."""

from urllib.parse import quote
from uuid import UUID


def case_page(pages_url: str, case: UUID) -> str:
    return _page(pages_url, "CasePage", case)


def activity_page(pages_url: str, activity: UUID) -> str:
    return _page(pages_url, "ActivityPageV2", activity)


def contact_page(pages_url: str, contact: UUID) -> str:
    return _page(pages_url, "ContactPageV2", contact)


def _page(pages_url: str, name: str, record: UUID) -> str:
    card = f"CardModuleV2/{name}/edit/{quote(str(record))}"
    return f"{pages_url}/Nui/ViewModule.aspx#{card}"
