"""Where in Creatio's own pages a person mends what a check found.

The addresses are those to which Creatio's own system designer (8.1) leads, in Classic UI. A
version that serves Freedom UI alone opens its front page instead: the clicks lead there as well.
What has one address or another, by the instance's features, gets the system designer's.
"""

from enum import Enum
from typing import Final

from caseway.ports import Place

_ALL_EMPLOYEES: Final = "a29a3ba5-4b0d-de11-9a51-005056c00008"
_DESIGNER: Final = "IntroPage/SystemDesigner"


class Somewhere(Enum):
    """The clicks, in Creatio's own words, and what follows the # of its pages."""

    FRONT = ("", "")
    USERS = ("System users", "SectionModuleV2/UsersSectionV2")
    ROLES = (
        "Organizational roles",
        f"SectionModuleV2/SysAdminUnitSectionV2/SysAdminUnitPageV2/edit/{_ALL_EMPLOYEES}",
    )
    OAUTH = ("OAuth 2.0 integrated applications", "SectionModuleV2/OAuthClientAppSection")
    PERMISSIONS = ("Object permissions", _DESIGNER)
    LOOKUPS = ("Lookups", "SectionModuleV2/LookupSection")
    IDENTITY_SERVICE = (
        "System settings → Authorization server Url for OAuth 2.0 integrations",
        "SectionModuleV2/SysSettingsSection",
    )
    PROCESSES = ("Process library", "SectionModuleV2/VwProcessLibSection")
    SERVICES = ("Web services", "SectionModuleV2/WebServiceV2Section")

    def below(self, base_url: str, prefix: str) -> Place:
        clicks, page = self.value
        if not page:
            return Place("", f"{base_url}/")
        return Place(
            f"System designer → {clicks}", f"{base_url}{prefix}/Nui/ViewModule.aspx#{page}"
        )
