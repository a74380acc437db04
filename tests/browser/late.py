"""Answers that come when the test says so."""

from playwright.sync_api import Page, Request, Route

from tests.browser.shop import eventually

TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class LateAnswers:
    """Requests that fit `pattern` wait until they are let go, in the order they were asked."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._held: list[Route] = []
        self._given_up: list[Request] = []
        self._are_let_go = False
        page.on("requestfailed", self._note)
        page.route(pattern, self._take)

    def _note(self, request: Request) -> None:
        self._given_up.append(request)

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
            if route.request in self._given_up:
                continue
            route.continue_()
            answer = route.request.response()
            assert answer is not None
            answer.finished()
            self._page.evaluate(TWO_FRAMES)
