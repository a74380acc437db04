"""A real browser for the tests of this folder.

Tests here are plain functions and use Playwright's sync API: `page` is a
`playwright.sync_api.Page` in a context (cookies, storage) of the test's own. Playwright keeps an
event loop running in this thread for as long as `browser` lives, so nothing in this folder may be
`async`, fixtures included: start servers in a thread (`tests.browser.serving`) or as processes.
That is also why `browser` lives as long as one module and not as long as the session: the
asynchronous tests of other folders may run before and after in the same process.

The browser is `CASEWAY_TEST_BROWSER`, or the chromium or chrome on the PATH.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from build_frontend import BUILT, build
from tests.browser.scene import Scene, staged
from tests.browser.serving import serving
from tests.browser.shop import Shop
from tests.browser.widget_server import FarSide

ROOT = Path(__file__).resolve().parents[2]
BUILT_WIDGET = ROOT / BUILT / "widget.js"

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SWITCHES = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-gpu",
    "--disable-dev-shm-usage",
)
PATIENCE_MS = 20_000  # a loaded machine is slow, not wrong
expect.set_options(timeout=PATIENCE_MS)


def _executable() -> str:
    named = os.environ.get("CASEWAY_TEST_BROWSER")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(
            "No browser found. Install one (Debian: apt-get install --no-install-recommends "
            "chromium), or name its program in CASEWAY_TEST_BROWSER.",
            pytrace=False,
        )
    return found


@pytest.fixture(scope="session")
def scene() -> Iterator[Scene]:
    """A Caseway with data, for the tests of the dashboard."""
    with staged() as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@contextmanager
def launched() -> Iterator[Browser]:
    switches = [*SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_executable(), args=switches, timeout=30_000
        )
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One person's browser: tabs made of it share what they store."""
    made = browser.new_context(viewport={"width": 1024, "height": 768}, locale="en-GB")
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="session")
def built_widget() -> Path:
    """`widget.js`; `./dev` has built it, and whoever runs pytest by hand builds it here."""
    # Several test processes may come here at once: one builds, the others wait for it.
    lock = Path(tempfile.gettempdir()) / f"caseway-widget-{os.getuid()}.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        build(ROOT)
    return BUILT_WIDGET


@pytest.fixture
def far(built_widget: Path) -> FarSide:
    """The widget's server, in memory."""
    return FarSide(built_widget)


@pytest.fixture
def shop(far: FarSide) -> Iterator[Shop]:
    """A site that carries the widget."""
    with serving(far.app()) as port:
        yield Shop(far, port)
