// Runs notices.js as Lab's loader would; prints the commands that it gave.
// node notices_page.js NOTICES_JS ANSWERS: one list of notices per question.
const said = [];
globalThis.window = {};
globalThis.setTimeout = () => undefined;
const pages = JSON.parse(process.argv[3]);
globalThis.fetch = async () => ({ ok: true, json: async () => pages.shift() });
require(process.argv[2]);
const container = window._JUPYTERLAB["hub-server"];
container.init({});
const commands = {
  execute: async (name, args) => {
    said.push([name, args]);
    return "t1";
  },
};
const settings = { baseUrl: "/", token: "" };
let again;
globalThis.setTimeout = (call) => { again = call; };
(async () => {
  const plugin = (await container.get("./extension"))().default;
  const serviceManager = { serverSettings: settings };
  plugin.activate({ commands, serviceManager, restored: Promise.resolve() });
  for (let turn = 0; turn < 20; turn += 1) await null;
  await again();
  for (let turn = 0; turn < 20; turn += 1) await null;
  console.log(JSON.stringify(said));
})();
