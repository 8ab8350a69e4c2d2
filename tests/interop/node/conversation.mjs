// One conversation with the filesystem server, the same for every client; what was seen goes to stdout as one JSON object.

/** The task comes as JSON in the first argument: {mode, target: {command, args} | {url}, directory}. */
export const task = JSON.parse(process.argv[2]);

/** The directory that the client offers as its root. */
export const roots = () => ({ roots: [{ uri: new URL(`file://${task.directory}`).href, name: "work" }] });

/** `call(params, options)` and `revision()` hide the few differences between the two generations of clients. */
export async function converse(client, { call, revision }) {
  const seen = { revision: revision(), server: client.getServerVersion().name };
  seen.tools = (await client.listTools()).tools.map((tool) => tool.name);

  const read = await call({ name: "read_text_file", arguments: { path: "a.txt" } });
  seen.text = read.content[0].text;
  seen.content = read.structuredContent.content;

  const edits = [{ oldText: "two", newText: "2" }];
  const edited = await call({ name: "edit_file", arguments: { path: "a.txt", edits } });
  seen.diff = edited.structuredContent.diff;

  const outside = await call({ name: "read_text_file", arguments: { path: "/etc/hostname" } });
  seen.refused = outside.isError === true && outside.content[0].text;

  const steps = [];
  await call({ name: "search_content", arguments: { pattern: "one" } }, { onprogress: (step) => steps.push(step.progress) });
  seen.progress = steps;

  const uri = new URL(`file://${task.directory}/a.txt`).href;
  seen.resource = (await client.readResource({ uri })).contents[0].text;
  seen.templates = (await client.listResourceTemplates()).resourceTemplates.map((each) => each.uriTemplate);

  const prompt = await client.getPrompt({ name: "review_file", arguments: { path: "a.txt" } });
  seen.prompt = prompt.messages[0].role;
  const completed = await client.complete({
    ref: { type: "ref/prompt", name: "review_file" },
    argument: { name: "path", value: "a" },
  });
  seen.completion = completed.completion.values;

  seen.unknown = await call({ name: "no_such_tool", arguments: {} }).then(
    () => "answered",
    (error) => error.code,
  );
  seen.cancelled = await cancelled(call);
  seen.after = (await call({ name: "get_file_info", arguments: { path: "a.txt" } })).structuredContent.type;
  return seen;
}

/** A call that is given up must reject at once; the server must still answer the next one (see `after`). */
async function cancelled(call) {
  const giveUp = new AbortController();
  const waiting = call({ name: "wait_for_change", arguments: { paths: ["a.txt"], timeoutSeconds: 60 } }, { signal: giveUp.signal });
  setImmediate(() => giveUp.abort("changed my mind"));
  return waiting.then(
    () => false,
    () => true,
  );
}
