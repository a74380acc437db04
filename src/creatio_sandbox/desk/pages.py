from starlette.routing import Route
class Pages:
    def __init__(self, instance): ...
    def routes(self): return []
