"""What the real server has and the sandbox lacks: it says so, rather than *not found*."""

import re
from typing import Final

from creatio_sandbox.failures import NotModelled
from creatio_sandbox.odata.answers import Answer, refusal

# Services that are known to be over there; any other is a 404 there too.
SVC: Final = (
    "AppInstallerService|ApplicationInfoService|AuthService|EntityDataService|PackageInstallerService"
    "|PackageService|ProcessEngineService|SourceCodeEditorSchemaDesignerService|UserInfoService"
)
REST: Final = "FileApiService|FileService|GridUtilitiesService|OmnichannelMessagingService"
SERVICES: Final = (
    (re.compile(r"/dataservice/.*", re.IGNORECASE), "DataService"),
    (re.compile(rf"/ServiceModel/({SVC})\.svc.*"), "the service {0}.svc"),
    (re.compile(rf"/rest/({REST})/(\w+).*"), "the service {0}/{1}"),
    (re.compile(r"/ssp/.*"), "the addresses of portal users, /ssp"),
    (re.compile(r"/api/(ClientCache|HealthCheck)/.*"), "/api/{0}"),
)


def lacking(what: str) -> Answer:
    return refusal(NotModelled(what))


def service(path: str) -> Answer | None:
    """None where nothing is known to stand over there either."""
    for pattern, name in SERVICES:
        if found := pattern.fullmatch(path):
            return lacking(name.format(*found.groups()))
    return None
