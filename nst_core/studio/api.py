"""What the page asks, and the answers. What a client names is looked up, never used as a path."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from nst_core.spec import presets
from nst_core.studio import painting_files
from nst_core.studio.answers import NotThereError, answered, file_answer, json_body, missing, whole
from nst_core.studio.downloads import Downloads
from nst_core.studio.guard import attachment
from nst_core.studio.library import Library
from nst_core.studio.records import Kind, LibraryPicture, Painting, Settings
from nst_core.studio.settings import configure, describe_preset, describe_recipe
from nst_core.studio.studio import Studio

PAGE = Path(__file__).parent / "page"
_ALIVE_SECONDS = 15.0


class Api:
    """The answers.

    Args:
        studio: The studio.
        library: Its pictures to paint from.
        downloads: Writes what is taken away.
        live: Whether the studio only shows a run of the command line.
    """

    def __init__(
        self, studio: Studio, library: Library, downloads: Downloads, *, live: bool
    ) -> None:
        self._studio, self._library, self._downloads = studio, library, downloads
        self._live = live

    def routes(self) -> list[BaseRoute]:
        """Return all addresses."""
        reading = [
            ("/api/state", self.state),
            ("/api/events", self.events),
            ("/api/presets/{name}", self.preset),
            ("/api/cards/{name}", self.card),
            ("/api/pictures/{id}/{file}", self.picture_file),
            ("/api/paintings/{id}", self.painting),
            ("/api/paintings/{id}/picture/{file}", self.painting_file),
            ("/api/paintings/{id}/snapshot/{step:int}", self.snapshot),
            ("/api/paintings/{id}/download/{form}", self.download),
            ("/api/paintings/{id}/recipe", self.painting_recipe),
        ]
        writing = [
            ("/api/pictures", self.upload, "POST"),
            ("/api/pictures/{id}", self.delete_picture, "DELETE"),
            ("/api/recipe", self.recipe, "POST"),
            ("/api/estimate", self.estimate, "POST"),
            ("/api/paintings", self.paint, "POST"),
            ("/api/paintings/{id}/{action}", self.act, "POST"),
            ("/api/paintings/{id}", self.delete, "DELETE"),
            ("/api/trash/{id}", self.restore, "POST"),
            ("/api/trash", self.empty_trash, "DELETE"),
        ]
        routes: list[BaseRoute] = [Route(path, answered(call)) for path, call in reading]
        if not self._live:
            routes += [Route(p, answered(call), methods=[m]) for p, call, m in writing]
        return [
            Route("/", self.index),
            Route("/login", self.login),
            *routes,
            Mount("/page", StaticFiles(directory=PAGE)),
        ]

    async def index(self, _: Request) -> Response:
        """Return the page."""
        return FileResponse(PAGE / "index.html")

    async def login(self, _: Request) -> Response:
        """Return the page that asks for the password."""
        return FileResponse(PAGE / "login.html")

    async def state(self, _: Request) -> Response:
        """Return everything that the page shows at first."""
        studio = self._studio
        store = studio.store
        return JSONResponse(
            {
                "live": self._live,
                "directory": store.directory.name,
                "presets": [] if self._live else self._presets(),
                "default_preset": presets.DEFAULT,
                "pictures": [self._described(one) for one in store.pictures.values()],
                "paintings": [studio.progress.described(one) for one in store.paintings.values()],
                "queue": studio.queue,
                "trash": [{"id": one.id, "title": one.title} for one in store.trash.values()],
            }
        )

    def _presets(self) -> list[dict[str, Any]]:
        """Return all presets: the default one first, then nst's own, then the documents."""
        found = [
            {**describe_preset(name), "has_card": (PAGE / "cards" / f"{name}.jpg").is_file()}
            for name in presets.names()
        ]

        def order(one: dict[str, Any]) -> tuple[bool, bool, str]:
            own = str(one["source"]).startswith("nst's own")
            return one["name"] != presets.DEFAULT, not own, str(one["name"])

        return sorted(found, key=order)

    def _described(self, picture: LibraryPicture) -> dict[str, Any]:
        table = picture.model_dump(mode="json", exclude={"file", "sha256", "recipe"})
        return {**table, "has_recipe": picture.recipe is not None}

    async def events(self, _: Request) -> Response:
        """Push events (server-sent events) until the page goes."""

        async def stream() -> AsyncIterator[str]:
            hub = self._studio.hub
            subscription = hub.subscribe()
            try:
                yield "retry: 1000\n\n"
                while True:
                    try:
                        event = await subscription.get(_ALIVE_SECONDS)
                    except TimeoutError:
                        yield ": alive\n\n"
                        continue
                    if event is None:
                        return
                    yield f"data: {json.dumps(event)}\n\n"
            finally:
                hub.unsubscribe(subscription)

        return StreamingResponse(stream(), media_type="text/event-stream")

    async def preset(self, request: Request) -> Response:
        """Return a preset with its fields."""
        return JSONResponse(describe_preset(request.path_params["name"]))

    async def card(self, request: Request) -> Response:
        """Return the small picture of a preset; there may be none."""
        name = request.path_params["name"]
        path = PAGE / "cards" / f"{name}.jpg"
        if name not in presets.names() or not path.is_file():
            return missing("no picture of this preset")
        return FileResponse(path, headers={"cache-control": "private, max-age=86400"})

    async def upload(self, request: Request) -> Response:
        """Take a picture to paint from."""
        kind: Kind = "mask" if request.query_params.get("kind") == "mask" else "upload"
        picture = await self._library.receive(
            request.stream(),
            title=request.query_params.get("name", ""),
            length=request.headers.get("content-length"),
            kind=kind,
        )
        return JSONResponse(self._described(picture), status_code=201)

    async def picture_file(self, request: Request) -> Response:
        """Return a file of a picture: its thumbnail, or a larger one for the screen."""
        picture = self._picture(request)
        files = {"thumb": "thumb.jpg", "screen": "screen.jpg"}
        name = files.get(request.path_params["file"])
        if name is None:
            return missing("there is thumb and screen")
        path = self._studio.store.picture_directory(picture) / name
        return FileResponse(path, headers={"cache-control": "private, max-age=86400"})

    async def delete_picture(self, request: Request) -> Response:
        """Remove a picture to paint from."""
        self._library.remove(self._picture(request))
        return JSONResponse({})

    async def recipe(self, request: Request) -> Response:
        """Return what the recipe of a picture or painting says, and its pictures that are here."""
        asked = await json_body(request)
        name = str(asked.get("picture", ""))
        picture = self._studio.store.pictures.get(name)
        if picture is None or picture.recipe is None:
            return missing("this picture holds no recipe")
        found = self._library.pictures_of_recipe(picture.recipe)
        return JSONResponse(
            {"text": picture.recipe, "preset": describe_recipe(picture.recipe), **found}
        )

    async def estimate(self, request: Request) -> Response:
        """Return what a painting would take."""
        settings = Settings.model_validate(await json_body(request))
        config = configure(settings, self._studio.store)
        content = self._studio.store.pictures[settings.content]
        return JSONResponse(await self._studio.estimates.of(config, content))

    async def paint(self, request: Request) -> Response:
        """Queue a painting."""
        settings = Settings.model_validate(await json_body(request))
        painting = self._studio.paint(settings)
        return JSONResponse(self._studio.progress.described(painting), status_code=201)

    async def painting(self, request: Request) -> Response:
        """Return a painting with its losses and what changes of it can be painted."""
        painting = self._painting(request)
        return JSONResponse(
            {
                **self._studio.progress.described(painting),
                "curve": self._studio.curves.points(painting),
            }
        )

    async def painting_file(self, request: Request) -> Response:
        """Return the picture of a painting, as it is now."""
        painting = self._painting(request)
        directory = self._studio.store.painting_directory(painting)
        running = painting.state in ("running", "interrupted")
        names = {
            "thumb": ("live.jpg",) if running else ("thumb.jpg", "live.jpg"),
            "screen": ("live.jpg", "painting.png"),
            "full": ("full.png", "live.jpg") if running else ("painting.png", "live.jpg"),
            "start": (painting_files.START,),
        }.get(request.path_params["file"], ())
        for name in names:
            with suppress(FileNotFoundError):
                return await file_answer(directory / name)
        return missing("there is no picture yet")

    async def snapshot(self, request: Request) -> Response:
        """Return the thumbnail of a snapshot."""
        painting = self._painting(request)
        step = int(request.path_params["step"])
        directory = painting_files.snapshot_directory(
            self._studio.store.painting_directory(painting), step
        )
        if step in [one.step for one in painting.snapshots]:
            with suppress(FileNotFoundError):
                return await file_answer(directory / "thumb.jpg")
        return missing("there is no such snapshot")

    async def download(self, request: Request) -> Response:
        """Return the picture of a painting as a file to keep, with its recipe inside."""
        painting = self._painting(request)
        path, name = await self._downloads.file(painting, request.path_params["form"])
        return await file_answer(path, headers={"content-disposition": attachment(name)})

    async def painting_recipe(self, request: Request) -> Response:
        """Return the recipe of a painting, as TOML."""
        text = await self._downloads.recipe(self._painting(request))
        return missing("there is no picture yet") if text is None else JSONResponse({"text": text})

    async def act(self, request: Request) -> Response:
        """Stop, go on, undo, move or delete a painting."""
        painting, studio = self._painting(request), self._studio
        asked = await json_body(request)
        match request.path_params["action"]:
            case "stop":
                studio.stop(painting)
            case "go-on":
                studio.go_on(painting)
            case "undo":
                step = whole(asked, "step")
                await self._downloads.prepare_snapshot(painting, step)
                studio.undo(painting, step)
            case "move":
                studio.move(painting, whole(asked, "position"))
            case "full":
                studio.ask_for_full(painting)
            case "rename":
                studio.rename(painting, str(asked.get("title", "")))
            case _:
                return missing("no such action")
        return JSONResponse(studio.progress.described(painting))

    async def delete(self, request: Request) -> Response:
        """Move a painting to the trash."""
        self._studio.delete(self._painting(request))
        return JSONResponse({})

    async def restore(self, request: Request) -> Response:
        """Bring a painting back from the trash."""
        painting = self._studio.store.trash.get(request.path_params["id"])
        if painting is None:
            return missing("it is not in the trash")
        self._studio.restore(painting)
        return JSONResponse(self._studio.progress.described(painting))

    async def empty_trash(self, _: Request) -> Response:
        """Remove what is in the trash for good."""
        self._studio.store.empty_trash()
        return JSONResponse({})

    def _picture(self, request: Request) -> LibraryPicture:
        picture = self._studio.store.pictures.get(request.path_params["id"])
        if picture is None:
            raise NotThereError("there is no such picture")
        return picture

    def _painting(self, request: Request) -> Painting:
        painting = self._studio.store.paintings.get(request.path_params["id"])
        if painting is None:
            raise NotThereError("there is no such painting")
        return painting
