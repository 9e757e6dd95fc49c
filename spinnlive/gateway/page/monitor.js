// The page of `spinnlive monitor`: follows the live run that its own server tells of.

import { connect } from "./spinnlive.mjs";
import { Latency, Pace, Rates, Weights } from "./charts.js";
import { Raster } from "./raster.js";
import { hue } from "./surface.js";

const SHOWN_AT_FIRST = 12; // populations; more can be ticked
const CLOCK_MS = 100;
const TELEMETRY_MS = 500;
const WEIGHTS_EVERY_MS = 500;
const BUFFER = 20000; // batches held while the page is hidden and the browser holds it back
// Counts that should stay 0; they are told together until one does not.
const LOSSES = /drop|lost|loss|missed|late_spikes|malformed|unknown|strangers|duplicates/;
const ELSEWHERE = ["tick", "time_ms", "host_s", "running", "uncertainty_ms"]; // above, or of no use here

const $ = (id) => document.getElementById(id);
const raster = new Raster($("raster"));
const rates = new Rates($("rates"));
const pace = new Pace($("pace"));
const weights = new Weights($("weights"));
const latency = new Latency($("latency"), ["board to host", "host to page"]);

const state = {
  paused: false, populations: [], clock: null, heard: 0, welcome: null, offset: null,
  shownMs: 0, spikes: 0, counted: [], telemetry: {}, streams: [], weightStream: null,
};
window.monitor = state; // for who looks from the browser's console

/* ---- the connection ---- */

async function follow() {
  const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`;
  const token = decodeURIComponent(location.hash.slice(1)) || undefined;
  for (;;) {
    try {
      const live = await connect(url, { token, name: "monitor", buffer: BUFFER });
      await follow_one(live);
    } catch (error) {
      const final = ["unauthorised", "version", "too_many_clients"].includes(error.code);
      tell("gone", error.code === "closed" ? "the live run is over" : error.message);
      if (final) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

async function follow_one(live) {
  tell("live", "live");
  state.welcome = live.welcome;
  const gone = new Promise((_, reject) => {
    live.onclose = reject;
  });
  const { populations, projections } = await live.network();
  show_populations(populations.filter((each) => each.live));
  show_projections(live, projections);
  state.streams = state.populations.map((population) => {
    const stream = live.subscribe("spikes", population.label);
    each(stream, (batch) => take_spikes(population, batch));
    return stream;
  });
  each(live.subscribe("clock", undefined, CLOCK_MS), take_clock);
  each(live.subscribe("telemetry", undefined, TELEMETRY_MS), (message) => {
    state.telemetry = message.values;
  });
  const pinging = setInterval(() => measure_clock(live).catch(() => {}), 1000);
  try {
    await Promise.all([measure_clock(live), gone]);
  } finally {
    clearInterval(pinging);
    live.close();
  }
}

// What the server cannot do is left out: the page shows what there is.
async function each(stream, take) {
  try {
    for await (const message of stream) take(message);
  } catch (error) {
    if (error.name !== "Refused" && error.name !== "ServerLost") throw error;
  }
}

// The server's clock against ours: the quickest answer tells best.
async function measure_clock(live) {
  const sent = performance.now() / 1000;
  const { host_s: host } = await live.ping();
  const now = performance.now() / 1000;
  const offset = { seconds: host - (sent + now) / 2, doubt: now - sent, at: now };
  const known = state.offset;
  if (!known || offset.doubt < known.doubt || now - known.at > 30) state.offset = offset;
}

function take_spikes(population, batch) {
  raster.add(population.label, batch.time_ms, batch.ids);
  rates.add(population.label, batch.time_ms, batch.ids.length);
  state.spikes += batch.ids.length;
  if (!state.offset) return;
  const now = performance.now() / 1000 + state.offset.seconds;
  latency.add(1, Math.max(0, now - batch.received_s) * 1000);
  const { clock, welcome } = state;
  if (clock && clock.running && clock.board_speed > 0.01) {
    const end = clock.host_s + ((batch.tick + 1 - clock.position) * welcome.tick_s) / clock.board_speed;
    latency.add(0, Math.max(0, batch.received_s - end) * 1000);
  }
}

function take_clock(clock) {
  state.clock = clock;
  state.heard = performance.now();
  if (clock.board_speed !== undefined) pace.add(clock.host_s, clock.board_speed);
}

/* ---- what is chosen ---- */

function show_populations(populations) {
  state.populations = populations.map(({ label, size }, number) => ({
    label, size, number, visible: number < SHOWN_AT_FIRST,
  }));
  $("populations").replaceChildren(
    ...state.populations.map((population) => {
      const box = document.createElement("input");
      box.type = "checkbox";
      box.checked = population.visible;
      box.addEventListener("change", () => {
        population.visible = box.checked;
        raster.setPopulations(state.populations);
      });
      const dot = document.createElement("i");
      dot.style.background = hue(population.number);
      const label = document.createElement("label");
      label.append(box, dot, `${population.label} (${population.size})`);
      return label;
    }),
  );
  raster.setPopulations(state.populations);
  rates.setPopulations(state.populations);
}

function show_projections(live, projections) {
  const choice = $("projection");
  choice.replaceChildren(...["none", ...projections.map((each) => each.label)].map((label) => new Option(label)));
  choice.onchange = () => watch_weights(live, projections[choice.selectedIndex - 1]);
  choice.selectedIndex = projections.length ? 1 : 0;
  watch_weights(live, projections[0]);
}

async function watch_weights(live, projection) {
  state.weightStream?.return();
  weights.set(null);
  $("weights-note").textContent = projection ? "waiting for a snapshot" : "no projection";
  if (!projection) return;
  const stream = (state.weightStream = live.subscribe("weights", projection.label, WEIGHTS_EVERY_MS, { buffer: 1 }));
  try {
    for await (const snapshot of stream) {
      if (stream !== state.weightStream) return;
      if (state.paused) continue;
      weights.set(snapshot);
      const between = snapshot.tick === snapshot.tick_after ? `tick ${snapshot.tick}` : `ticks ${snapshot.tick} to ${snapshot.tick_after}`;
      $("weights-note").textContent = `${snapshot.weights.length} synapses in ${snapshot.unit}, read at ${between}`;
    }
  } catch (error) {
    $("weights-note").textContent = error.message;
  }
}

$("window").addEventListener("change", (event) => {
  raster.setWindow(Number(event.target.value));
  rates.windowMs = Number(event.target.value) * 1000;
});

$("pause").addEventListener("click", () => {
  state.paused = !state.paused;
  $("pause").setAttribute("aria-pressed", state.paused);
  $("pause").textContent = state.paused ? "Go on" : "Pause";
});

$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  recolour();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);

function recolour() {
  raster.stale = true;
  document.querySelectorAll("#populations i").forEach((dot, number) => {
    dot.style.background = hue(number);
  });
}

function tell(kind, words) {
  $("state").dataset.state = kind;
  $("state").textContent = words;
}

/* ---- drawing ---- */

// Biological time at the right edge: where the board is now, by its clock, without ever going back.
function present(now) {
  const { clock, welcome } = state;
  if (!clock) return Math.max(state.shownMs, raster.newestMs);
  const speed = clock.running ? (clock.board_speed ?? 1) : 0;
  const perSecond = clock.position > 0 ? (clock.time_ms / clock.position / welcome.tick_s) * speed : 0;
  const estimate = clock.time_ms + Math.min(1, (now - state.heard) / 1000) * perSecond;
  return Math.max(state.shownMs, estimate);
}

let slow = 0;
function frame(now) {
  requestAnimationFrame(frame);
  if (!state.paused) {
    state.shownMs = present(now);
    raster.draw(state.shownMs);
  }
  if (now - slow < 100) return;
  slow = now;
  figures(now);
  if (state.paused) return;
  rates.draw(state.shownMs);
  weights.draw();
  pace.draw();
  latency.draw();
}

function figures(now) {
  const { clock, counted, telemetry, welcome } = state;
  counted.push([now, state.spikes]);
  while (counted.length > 1 && now - counted[0][0] > 2000) counted.shift();
  const [since, before] = counted[0];
  const rate = now > since ? ((state.spikes - before) / (now - since)) * 1000 : 0;
  write($("spike-rate"), `${Math.round(rate).toLocaleString("en")} per second`);
  if (clock) {
    write($("time"), `${(clock.time_ms / 1000).toFixed(2)} s`);
    write($("tick"), `tick ${Math.floor(clock.position)}${clock.running ? "" : ", standing"}`);
  }
  const skipped = state.streams.reduce((sum, stream) => sum + stream.dropped, 0);
  const counts = Object.entries({ dropped_by_this_page: skipped, ...telemetry });
  const losses = counts.filter(([name]) => LOSSES.test(name));
  const lost = losses.filter(([, value]) => value > 0);
  const rows = [
    ["board speed", clock?.board_speed === undefined ? "–" : `${clock.board_speed.toFixed(3)} ×`, clock?.board_speed < 0.95],
    ["a tick lasts", welcome ? `${+(welcome.tick_s * 1000).toFixed(3)} ms` : "–", false],
    ...lost.map(([name, value]) => [name.replaceAll("_", " "), value.toLocaleString("en"), true]),
    [lost.length ? "other losses" : "losses", `none of ${losses.length - lost.length} kinds`, false],
    ...counts
      .filter(([name]) => !LOSSES.test(name) && !ELSEWHERE.includes(name))
      .map(([name, value]) => [name.replaceAll("_", " "), Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(3), false]),
  ];
  list($("figures"), rows);
  const words = latency.kinds.map((kind, number) => {
    const spread = latency.spread(number);
    return spread ? `${kind}: half under ${spread[0].toFixed(1)}, 99 % under ${spread[1].toFixed(1)}` : `${kind}: –`;
  });
  write($("latency-note"), words.join(" · "));
}

// Rows of name, value and whether it is bad, in elements that stay.
function list(place, rows) {
  while (place.children.length > 2 * rows.length) place.lastChild.remove();
  rows.forEach(([name, value, bad], number) => {
    if (place.children.length <= 2 * number) place.append(document.createElement("dt"), document.createElement("dd"));
    const [term, data] = [place.children[2 * number], place.children[2 * number + 1]];
    write(term, name);
    write(data, `${value}`);
    data.classList.toggle("bad", Boolean(bad));
  });
}

// What is there already costs no new layout of the page.
function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

requestAnimationFrame(frame);
follow();
