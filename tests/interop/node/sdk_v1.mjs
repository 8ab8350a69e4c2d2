// @modelcontextprotocol/sdk 1.x: what most hosts embed; legacy revisions only.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ListRootsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { converse, roots, task } from "./conversation.mjs";

const client = new Client({ name: "interop-v1", version: "1" }, { capabilities: { roots: {} } });
client.setRequestHandler(ListRootsRequestSchema, roots);
const transport = task.target.url
  ? new StreamableHTTPClientTransport(new URL(task.target.url))
  : new StdioClientTransport(task.target);
await client.connect(transport);

const seen = await converse(client, {
  call: (params, options) => client.callTool(params, undefined, options),
  revision: () => transport.protocolVersion ?? null, // told on HTTP only
});
process.stdout.write(JSON.stringify(seen));
await client.close();
