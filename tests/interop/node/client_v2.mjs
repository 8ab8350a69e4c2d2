// @modelcontextprotocol/client 2.x: legacy by default, both eras on request.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { converse, roots, task } from "./conversation.mjs";

const modes = { legacy: undefined, auto: { mode: "auto" }, pinned: { mode: { pin: "2026-07-28" } } };
const client = new Client(
  { name: "interop-v2", version: "1" },
  { capabilities: { roots: {} }, versionNegotiation: modes[task.mode] },
);
client.setRequestHandler("roots/list", roots);
const transport = task.target.url
  ? new StreamableHTTPClientTransport(new URL(task.target.url))
  : new StdioClientTransport(task.target);
await client.connect(transport);

const seen = await converse(client, {
  call: (params, options) => client.callTool(params, options),
  revision: () => client.getNegotiatedProtocolVersion(),
});
process.stdout.write(JSON.stringify(seen));
await client.close();
