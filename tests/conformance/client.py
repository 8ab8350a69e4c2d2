"""The client that the official conformance suite drives: one process for each scenario, the server's URL as argument.

The suite gives the scenario's name, the revision and what the scenario needs in the environment. Whatever is asked of
a client beyond "connect and use the tools" is a row of the table below; how it is done is the package's own business.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urljoin

import httpx

from mcp_protocol.client import Answers, Client
from mcp_protocol.client.authorizing import Authorizer
from mcp_protocol.client.oauth import (
    AuthorizationCode,
    ClientCredentials,
    Credentials,
    EnterpriseManaged,
    OAuth,
    WorkloadIdentity,
)
from mcp_protocol.types import ElicitParams, ElicitResult, PrimitiveSchema, Tool

REDIRECT = "http://localhost:3030/callback"
DOCUMENT = "https://conformance-test.local/client-metadata.json"
SAMPLES: dict[str, Any] = {
    "string": "text",
    "integer": 5,
    "number": 1.5,
    "boolean": True,
    "array": [],
    "object": {},
    "null": None,
}

Context = dict[str, Any]
Story = Callable[[Client, Context], Awaitable[object]]


async def consent(url: str) -> str:
    """What a user does: follow the URL, agree, come back."""
    async with httpx.AsyncClient() as browser:
        response = await browser.get(url)
    return urljoin(url, response.headers["location"])


async def agree(question: ElicitParams) -> ElicitResult:
    """Accept, with what the form suggests."""
    fields = question.requested_schema.properties if question.requested_schema else {}
    return ElicitResult(action="accept", content={name: filled(field) for name, field in fields.items()})


def filled(field: PrimitiveSchema) -> Any:
    """The default of a form's field, else a value of its type."""
    return SAMPLES[str(field.__struct_config__.tag)] if field.default is None else field.default


def by_consent(context: Context) -> OAuth:
    """A user, and a client that was registered by hand if the context has one."""
    given = credentials(context) if "client_id" in context else None
    return OAuth(AuthorizationCode(authorize=consent, redirect_uri=REDIRECT, metadata_url=DOCUMENT, credentials=given))


def by_secret_or_key(context: Context) -> OAuth:
    """A client in its own right."""
    return OAuth(ClientCredentials(credentials=credentials(context)))


def by_platform(context: Context) -> OAuth:
    """A workload, with its platform's word for it."""

    async def assertion(_issuer: str) -> str:
        return str(context["valid_jwt"])

    return OAuth(WorkloadIdentity(credentials=credentials(context), assertion=assertion))


def by_employer(context: Context) -> OAuth:
    """A user whom an identity provider knows."""

    async def id_token() -> str:
        return str(context["idp_id_token"])

    provider = Credentials(client_id=context["idp_client_id"], issuer=context["idp_issuer"])
    return OAuth(
        EnterpriseManaged(
            credentials=credentials(context),
            id_token=id_token,
            provider=provider,
            provider_token_endpoint=context["idp_token_endpoint"],
        )
    )


def credentials(context: Context) -> Credentials:
    """What the context says of a client that was registered by hand."""
    return Credentials(
        client_id=context["client_id"],
        client_secret=context.get("client_secret"),
        private_key=context.get("private_key_pem"),
        algorithm=context.get("signing_algorithm", "ES256"),
        issuer=context.get("issuer"),
    )


GRANTS: dict[str, Callable[[Context], Authorizer]] = {
    "auth/client-credentials-jwt": by_secret_or_key,
    "auth/client-credentials-basic": by_secret_or_key,
    "auth/wif-jwt-bearer": by_platform,
    "auth/enterprise-managed-authorization": by_employer,
}


async def use_every_tool(client: Client, _context: Context) -> None:
    """Call each tool that the client shows, with whatever its schema lets pass."""
    for tool in await client.list_tools():
        await client.call_tool(tool.name, arguments(tool))


async def only_list(client: Client, _context: Context) -> None:
    """Look at the tools."""
    await client.list_tools()


async def use_everything(client: Client, context: Context) -> None:
    """Tools, resources and prompts: each is listed, and each that is listed is used."""
    await use_every_tool(client, context)
    for resource in await client.list_resources():
        await client.read_resource(resource.uri)
    for prompt in await client.list_prompts():
        await client.get_prompt(prompt.name)


async def replay(client: Client, context: Context) -> None:
    """The calls of the context, once the tools are known."""
    await client.list_tools()
    for call in context["toolCalls"]:
        await client.call_tool(call["name"], call["arguments"])


async def send_schema_back(client: Client, _context: Context) -> None:
    """Give the schema of the tool under test back as it came."""
    echo = "json_schema_echo"
    for tool in await client.list_tools():
        if tool.name != echo:
            await client.call_tool(echo, {"schema": tool.input_schema})


STORIES: dict[str, Story] = {
    "initialize": only_list,
    "json-schema-ref-no-deref": only_list,
    "json-schema-2020-12-preservation": send_schema_back,
    "http-standard-headers": use_everything,
    "http-custom-headers": replay,
}

# A client that may be asked keeps a stream open for that. The server of this scenario takes any stream for the one
# that it has closed, and would send its answer there.
ASKED_NOTHING = {"sse-retry"}


def arguments(tool: Tool) -> dict[str, Any]:
    """A value of the right type for each required argument."""
    properties = tool.input_schema.get("properties", {})
    return {name: SAMPLES.get(properties.get(name, {}).get("type")) for name in tool.input_schema.get("required", ())}


async def main(url: str) -> None:
    """Play one scenario; what goes wrong ends the process with a traceback."""
    scenario = os.environ["MCP_CONFORMANCE_SCENARIO"]
    revision = os.environ["MCP_CONFORMANCE_PROTOCOL_VERSION"]
    context: Context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
    auth = GRANTS.get(scenario, by_consent)(context) if scenario.startswith("auth/") else None
    answers = Answers() if scenario in ASKED_NOTHING else Answers(elicit=agree)
    async with Client(url, revision=revision, auth=auth, answers=answers) as client:
        await STORIES.get(scenario, use_every_tool)(client, context)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(sys.argv[1]))
