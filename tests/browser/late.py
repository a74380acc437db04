"""Answers that come when the test says so."""

from playwright.sync_api import Page, Route

from tests.browser.shop import eventually

TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
GIVEN_UP = "net::ERR_ABORTED"


class LateAnswers:
    """Requests that fit `pattern` wait until they are let go, in the order they were asked."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._held: list[Route] = []
        self._are_let_go = False
        page.route(pattern, self._take)

    def _take(self, route: Route) -> None:
        if self._are_let_go:
            route.continue_()
        else:
            self._held.append(route)

    def wait(self, count: int = 1) -> None:
        """Until so many were asked for."""
        eventually(self._page, lambda: len(self._held) == count)

    def let_go(self) -> None:
        """One after the other, until the page has it; what the page gave up is left out."""
        self._are_let_go = True
        for route in self._held:
            route.continue_()
            answer = route.request.response()
            if answer is None:
                assert route.request.failure == GIVEN_UP
            else:
                answer.finished()
            self._page.evaluate(TWO_FRAMES)
