"""The fixture server put together. The order of the toolsets is part of it: suites call the first tool."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from mcp_protocol import Server
from mcp_ref_everything.apps import apps
from mcp_ref_everything.content import content
from mcp_ref_everything.jobs import jobs
from mcp_ref_everything.legacy_questions import legacy_questions
from mcp_ref_everything.prompts import prompts
from mcp_ref_everything.questions import questions
from mcp_ref_everything.reports import reports
from mcp_ref_everything.resources import resources
from mcp_ref_everything.schemas import schemas
from mcp_ref_everything.settings import Settings

__version__ = "0.1.0"


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncGenerator[None, None]:
    """There is nothing to keep."""
    del settings
    yield


server = Server(
    "everything",
    Settings,
    lifespan,
    toolsets=[content, reports, legacy_questions, questions, schemas, jobs, resources, prompts, apps],
    version=__version__,
    title="Everything",
    description="One of everything the protocol has, for suites and clients under test.",
    changing=["tools", "prompts", "resources"],
    skills=Path(__file__).with_name("skills"),
)
