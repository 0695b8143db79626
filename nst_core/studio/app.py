"""The application of a studio: its addresses behind the guard, its beginning and its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware

from nst_core.studio.api import Api
from nst_core.studio.downloads import Downloads
from nst_core.studio.guard import Access, Guard
from nst_core.studio.library import Library
from nst_core.studio.studio import Studio


def create_app(studio: Studio, access: Access, *, max_bytes: int, max_pixels: int) -> Starlette:
    """Return the application of a studio."""
    library = Library(studio.store, max_bytes=max_bytes, max_pixels=max_pixels)
    downloads = Downloads(studio.store, library)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await library.add_samples()
        studio.begin()
        yield
        await studio.close()
        library.close()

    return Starlette(
        routes=Api(studio, library, downloads, live=False).routes(),
        middleware=[Middleware(Guard, access=access)],
        lifespan=lifespan,
    )
