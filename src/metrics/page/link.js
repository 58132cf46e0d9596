// SPDX-License-Identifier: MIT
// The connection to the gateway: what is asked for once, and its events for ever.

const TOKEN = "pin2mqtt.token";
const SILENCE_MS = 25000; // the gateway tells something each ten seconds
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 10000;

/** An answer that was refused; status: HTTP's. */
export class Refusal extends Error {
  constructor(status) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (words) => sessionStorage.setItem(TOKEN, words),
  forget: () => sessionStorage.removeItem(TOKEN),
};

async function open(path, signal) {
  const words = token.get();
  const response = await fetch(path, {
    headers: words ? { Authorization: `Bearer ${words}` } : {},
    cache: "no-store",
    signal,
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Refusal(response.status);
  }
  return response;
}

/** What is there as JSON. Throws Refusal, or what fetch() throws. */
export async function ask(path) {
  return (await open(path, AbortSignal.timeout(30000))).json();
}

/** Calls onEvent(name, data) for each event, until the stream ends or is silent. */
async function listen(onOpen, onEvent, controller) {
  let watchdog;
  const stillThere = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => controller.abort(), SILENCE_MS);
  };
  stillThere();
  try {
    const response = await open("api/events", controller.signal);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    onOpen();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      stillThere();
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const name = /^event: (.*)$/m.exec(event)?.[1];
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (name && data) onEvent(name, JSON.parse(data));
      }
    }
  } finally {
    clearTimeout(watchdog);
  }
}

/** Keeps listening. onState: "connecting", "live", "away", "busy" (others listen already) or
 * "locked" (it wants a token; again() goes on). */
export class Link {
  constructor(onState, onEvent) {
    this.onState = onState;
    this.onEvent = onEvent;
    this.wake = () => {};
    this.unlock = () => {};
    for (const [target, name] of [[window, "online"], [document, "visibilitychange"]])
      target.addEventListener(name, () => document.hidden || this.wake());
  }

  /** Tries at once, with another token. */
  again() {
    this.unlock();
  }

  pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async run() {
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      let status = 0;
      try {
        await listen(() => {
          pauseMs = FIRST_PAUSE_MS;
          this.onState("live");
        }, this.onEvent, new AbortController());
      } catch (error) {
        status = error.status;
      }
      if (status === 401) {
        this.onState("locked");
        await new Promise((resolve) => {
          this.unlock = resolve;
        });
        continue;
      }
      this.onState(status === 503 ? "busy" : "away");
      await this.pause(pauseMs);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }
}
