// The echo server on @modelcontextprotocol/sdk 1.x: stdio, or HTTP with a port in the first argument.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const count = Number(process.env.BENCH_TOOLS ?? "1");
const names = ["echo", ...Array.from({ length: count - 1 }, (_, number) => `tool_${number}`)];
const inputSchema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
const tools = names.map((name) => ({ name, description: "Echo the text.", inputSchema }));

function echo() {
  const server = new Server({ name: "echo", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => ({
    content: [{ type: "text", text: params.arguments.text }],
    structuredContent: { result: params.arguments.text },
  }));
  return server;
}

const sessions = new Map();

/** One transport and server a session, as the SDK's own examples have it. */
async function answer(request, response) {
  let transport = sessions.get(request.headers["mcp-session-id"]);
  if (!transport) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: true,
      onsessioninitialized: (id) => sessions.set(id, transport),
    });
    await echo().connect(transport);
  }
  await transport.handleRequest(request, response);
}

const port = process.argv[2];
if (port) createServer(answer).listen(Number(port), "127.0.0.1");
else await echo().connect(new StdioServerTransport());
