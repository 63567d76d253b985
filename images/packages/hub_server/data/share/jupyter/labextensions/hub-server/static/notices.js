/*
 * Shows in Lab, and in Notebook, what the server and the hub have to say.
 *
 * A JupyterLab extension without a build step: this file is the module container that
 * Lab's loader asks for (init, get).  It shares no module with Lab and speaks to it only
 * through the public commands apputils:notify, -:update-notification and
 * -:dismiss-notification, so a new Lab has little to break.
 */
(() => {
  "use strict";
  const POLL_MS = 15000;
  const LEVELS = { info: "info", warning: "warning", error: "error" };

  const words = (notice) =>
    notice.until
      ? notice.text.replaceAll(
          "{until}",
          new Date(notice.until).toLocaleTimeString([], {
            hour: "2-digit",
            minute: "2-digit",
          }),
        )
      : notice.text;

  class Board {
    constructor(commands) {
      this.commands = commands;
      this.shown = new Map(); // notice id -> {toast, text}
    }

    async show(notices) {
      const wanted = new Map(notices.map((notice) => [notice.id, notice]));
      for (const id of [...this.shown.keys()])
        if (!wanted.has(id)) await this.withdraw(id);
      for (const notice of wanted.values()) await this.post(notice);
    }

    async post(notice) {
      const text = words(notice);
      const before = this.shown.get(notice.id);
      if (before && before.text === text) return;
      const type = LEVELS[notice.level] ?? "info";
      // Zero keeps a notice in the notification centre only; false leaves it standing.
      const options = { autoClose: type === "info" && before ? 0 : false };
      if (before && (await this.update(before.toast, text, type, options)))
        return void this.shown.set(notice.id, { toast: before.toast, text });
      const toast = await this.commands.execute("apputils:notify", {
        message: text,
        type,
        options,
      });
      this.shown.set(notice.id, { toast, text });
    }

    update(id, message, type, options) {
      const change = { id, message, type, options };
      return this.commands.execute("apputils:update-notification", change);
    }

    async withdraw(id) {
      const { toast } = this.shown.get(id);
      this.shown.delete(id);
      await this.commands.execute("apputils:dismiss-notification", { id: toast });
    }
  }

  const poll = async (board, settings) => {
    const headers = settings.token ? { Authorization: `token ${settings.token}` } : {};
    const answer = await fetch(`${settings.baseUrl}hub-server/notices`, {
      headers,
      credentials: "same-origin",
    });
    if (answer.ok) await board.show(await answer.json());
  };

  const activate = (app) => {
    const board = new Board(app.commands);
    const again = () =>
      poll(board, app.serviceManager.serverSettings)
        .catch(() => undefined) // Lab itself says when its server is out of reach
        .then(() => setTimeout(again, POLL_MS));
    app.restored.then(again);
  };

  const plugin = {
    id: "hub-server:notices",
    description: "Shows the notices of the server and of the hub",
    autoStart: true,
    activate,
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["hub-server"] = {
    init: () => undefined,
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin })),
  };
})();
