// What our pages do beside showing: each function is for the elements it names.
"use strict";

function send(method, url) {
  return fetch(url, {
    method,
    headers: { "X-XSRFToken": window.jhdata.xsrf_token },
  });
}

// A form that is sent twice starts two things.
function sendOnce(form) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("[type=submit]");
    button.textContent = form.dataset.once;
    button.setAttribute("aria-disabled", "true");
    form.addEventListener("submit", (again) => again.preventDefault());
  });
}

// When too many start at once the hub says when to ask again; the page then does so.
function startPatiently(form) {
  const says = form.querySelector("[role=status]");
  const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
  const ask = () => fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  const start = async () => {
    let answer = await ask();
    while (answer.status === 429) {
      const seconds = Number(answer.headers.get("Retry-After")) || 30;
      says.textContent = `Many people start right now, and you are in the queue: this page asks again in ${seconds} seconds. Leave it open.`;
      await wait(seconds);
      answer = await ask();
    }
    if (answer.redirected) return window.location.assign(answer.url);
    const page = await answer.text();
    document.open();
    document.write(page);
    document.close();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // Without a network the browser's own page says so.
    start().catch(() => window.location.reload());
  });
}

// A page that comes back from the browser's memory must be usable again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

function followStart(page) {
  const bar = page.querySelector("[role=progressbar]");
  const message = page.querySelector("#progress-message");
  const log = page.querySelector("#progress-log");
  const source = new EventSource(page.dataset.progress);
  const leave = (url) => {
    source.close();
    if (url) window.location.assign(url);
    else window.location.reload();
  };
  source.onmessage = (event) => {
    const told = JSON.parse(event.data);
    // The hub's own page tells a failure in words and says what to do.
    if (told.ready || told.failed) return leave();
    if (told.progress !== undefined) {
      bar.setAttribute("aria-valuenow", told.progress);
      bar.firstElementChild.style.width = `${told.progress}%`;
    }
    if (told.message) {
      message.textContent = told.message;
      log.append(Object.assign(document.createElement("li"), { textContent: told.message }));
    }
  };
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(leave, 2000);
  };
  const cancel = page.querySelector("#hub-cancel");
  cancel.addEventListener("click", async () => {
    cancel.disabled = true;
    message.textContent = "Cancelling …";
    source.close();
    await send("DELETE", page.dataset.cancel);
    leave(page.dataset.home);
  });
}

function offerStop(server) {
  const stop = server.querySelector("#stop");
  if (!stop) return;
  stop.addEventListener("click", async () => {
    stop.disabled = true;
    stop.textContent = "Stopping …";
    await send("DELETE", server.dataset.stop);
    window.location.reload();
  });
}

// Shows the address that a form would open, to copy; empty fields are left out.
function showLink(form) {
  const shown = form.querySelector("output");
  const tell = () => {
    const given = [...new FormData(form)].filter(([, value]) => value);
    const page = window.location.origin + window.location.pathname;
    shown.textContent = form.checkValidity() ? `${page}?${new URLSearchParams(given)}` : "";
  };
  form.addEventListener("input", tell);
  tell();
}

function localTime(element) {
  const when = new Date(element.dateTime);
  if (Number.isNaN(when.getTime())) return;
  element.textContent = when.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

document.querySelectorAll("form[data-once]").forEach(sendOnce);
document.querySelectorAll("#spawn_form").forEach(startPatiently);
document.querySelectorAll("#hub-starting").forEach(followStart);
document.querySelectorAll("#hub-server").forEach(offerStop);
document.querySelectorAll("form.hub-link").forEach(showLink);
document.querySelectorAll("time[datetime]").forEach(localTime);
document.querySelectorAll("[data-reload-s]").forEach((page) => {
  setTimeout(() => window.location.reload(), 1000 * page.dataset.reloadS);
});
