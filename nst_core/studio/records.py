"""What the studio keeps of pictures and paintings. All of it is plain data, in JSON files."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from nst_core.spec import presets

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
"""The name of a picture or painting; it is made by the studio, never by a client."""

State: TypeAlias = Literal["waiting", "running", "stopped", "interrupted", "failed", "done"]
"""Where a painting is.

- ``waiting``: in the queue.
- ``running``: the worker paints it.
- ``stopped``: the user stopped it. Picture and checkpoint are kept.
- ``interrupted``: the worker died. It goes on from its checkpoint.
- ``failed``: it ended with an error; ``note`` says which.
- ``done``: all steps are taken.
"""

Kind: TypeAlias = Literal["sample", "upload", "mask"]
"""What a picture to paint from is."""

Value: TypeAlias = str | bool | int | float
"""A value of a field of a spec or of a ``[run]`` table, as the page sends it."""


class LibraryPicture(BaseModel):
    """A picture to paint from.

    Attributes:
        id: Its name.
        title: What people call it; for display only.
        kind: ``sample``, ``upload`` or ``mask``.
        file: The name of its file in its directory.
        width: In pixels, upright.
        height: In pixels, upright.
        sha256: The checksum of the file, as recipes hold it.
        recipe: The recipe inside, if nst has painted it.
        notes: What reading it found, one line each.
        created: Seconds since 1970.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    title: str
    kind: Kind
    file: str
    width: int
    height: int
    sha256: str
    recipe: str | None = None
    notes: tuple[str, ...] = ()
    created: float = 0.0


class StyleChoice(BaseModel):
    """A style picture, and its share in the blend."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture: Id
    weight: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = 1.0


class Origin(BaseModel):
    """The painting that another one goes on from, and the step it had reached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    painting: Id
    step: int | None = None


class Settings(BaseModel):
    """What a painter chooses. ``settings.configure`` makes a spec and a ``[run]`` table of it.

    Attributes:
        content: The content picture.
        styles: The style pictures.
        mask: The mask of the content: the darkest region is for the first style.
        preset: The preset; not used if there is a recipe.
        recipe: The recipe to paint again with, as TOML.
        size: The size of the result, as ``--size``; "" for the preset's.
        steps: Steps, as ``--steps``; "" for the preset's.
        strength: A factor on the weight of the style.
        overrides: Fields with other values: ``{"style.scale": 1.5, "run.backend": "mxnet"}``.
        origin: The painting whose picture this one starts from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: Id
    styles: Annotated[tuple[StyleChoice, ...], Field(min_length=1, max_length=16)]
    mask: Id | None = None
    preset: Annotated[str, Field(max_length=100)] = presets.DEFAULT
    recipe: Annotated[str, Field(max_length=200_000)] | None = None
    size: Annotated[str, Field(max_length=40)] = ""
    steps: Annotated[str, Field(max_length=200)] = ""
    strength: Annotated[float, Field(ge=0.01, le=100, allow_inf_nan=False)] = 1.0
    overrides: Annotated[dict[str, Value], Field(max_length=100)] = {}
    origin: Origin | None = None


class Snapshot(BaseModel):
    """A state of a painting that was kept: its picture and a checkpoint."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    step: int
    stage: int


class Painting(BaseModel):
    """A painting, from the moment it was asked for.

    Attributes:
        id: Its name.
        title: What people call it.
        created: Seconds since 1970.
        settings: What was chosen.
        spec: The algorithm, as ``Spec.to_table`` returns it.
        run: The ``[run]`` table, with paths relative to the studio's directory.
        state: Where it is.
        note: One line about how it ended; usually empty.
        warnings: What was decided for these pictures, one line each.
        step: Steps taken, over all stages.
        steps: Steps of all stages together; 0 before the first start.
        stage: The stage that it is in, counted from 1.
        sizes: (height, width) of each stage.
        stage_steps: The steps of each stage.
        seconds: Wall-clock seconds of painting.
        made_with: Backend and device, for display.
        snapshots: The states that were kept, oldest first.
        picture: The number of the picture; it grows when the files of the picture change.
        restarts: How often a restart of the studio has begun it again without any step since.
    """

    model_config = ConfigDict(extra="ignore")

    id: Id
    title: str
    created: float
    settings: Settings
    spec: dict[str, Any]
    run: dict[str, Any]
    state: State = "waiting"
    note: str = ""
    warnings: tuple[str, ...] = ()
    step: int = 0
    steps: int = 0
    stage: int = 0
    sizes: tuple[tuple[int, int], ...] = ()
    stage_steps: tuple[int, ...] = ()
    seconds: float = 0.0
    made_with: str = ""
    snapshots: tuple[Snapshot, ...] = ()
    picture: int = 0
    restarts: int = 0
