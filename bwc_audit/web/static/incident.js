// The incident page: lanes to zoom and pan, and the cameras side by side in step on one clock of the world (milliseconds UTC).
"use strict";
(() => {
  const block = document.getElementById("scene");
  if (!block) return;
  const scene = JSON.parse(block.textContent);
  for (const one of document.querySelectorAll(".needs-script")) one.hidden = false;
  const picture = document.querySelector(".still-picture");
  if (picture) picture.open = false;

  // ---- The players -------------------------------------------------------------------------------------------------
  const players = scene.players
    .map((one) => {
      const figure = [...document.querySelectorAll("[data-player]")].find((f) => f.dataset.player === one.id);
      const video = figure && figure.querySelector("video");
      if (!video) return null;
      video.controls = false;
      video.muted = true;
      return { ...one, figure, video, state: figure.querySelector(".player-state") };
    })
    .filter(Boolean);
  const first = Math.min(scene.lanes.start, ...players.map((one) => one.start));
  const last = Math.max(scene.lanes.end, ...players.map((one) => one.start + one.length));
  const transport = document.querySelector(".transport");
  const scrub = document.querySelector("[data-scrub]");
  const now = document.querySelector("[data-now]");
  const playButton = document.querySelector("[data-play]");
  const DRIFT_S = 0.1;
  let at = players.length ? Math.max(scene.lanes.start, Math.min(...players.map((one) => one.start))) : scene.lanes.start;
  let rate = 1;
  let isPlaying = false;
  let before = 0;
  let lanes = null;

  const two = (n) => String(n).padStart(2, "0");
  const clock = (ms) => {
    const local = new Date(ms + scene.lanes.offset * 60000);
    return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}.${Math.floor(local.getUTCMilliseconds() / 100)}`;
  };

  const isThere = (one, ms) => ms >= one.start && ms < one.start + one.length;

  const follow = (one, isSeek) => {
    const video = one.video;
    if (!isThere(one, at)) {
      if (!video.paused) video.pause();
      one.figure.classList.add("away");
      say(one, "not recording at this time");
      return;
    }
    one.figure.classList.remove("away");
    if (one.failed) return;
    const wanted = (at - one.start) / 1000;
    if (video.preload === "none") {
      video.preload = "auto";
      say(one, "loading");
    }
    if (isSeek || Math.abs(video.currentTime - wanted) > (isPlaying ? DRIFT_S : 0.02)) {
      if (!video.seeking || isSeek) video.currentTime = wanted;
    }
    if (isPlaying && video.paused) {
      video.playbackRate = rate;
      video.play().catch(() => {});
    } else if (!isPlaying && !video.paused) video.pause();
    if (video.playbackRate !== rate) video.playbackRate = rate;
  };

  const say = (one, words) => {
    if (one.state && one.state.textContent !== words && !one.failed) one.state.textContent = words;
  };

  const show = () => {
    if (scrub) scrub.value = String(Math.round((1000 * (at - first)) / Math.max(1, last - first)));
    if (scrub) scrub.setAttribute("aria-valuetext", clock(at));
    if (now) now.textContent = clock(at);
    if (lanes) lanes.setCustomTime(new Date(at), "now");
  };

  const seek = (ms) => {
    at = Math.min(Math.max(ms, first), last);
    for (const one of players) follow(one, true);
    show();
    document.dispatchEvent(new CustomEvent("bwc:seek", { detail: at }));
  };

  const tick = (time) => {
    if (!isPlaying) return;
    // The clock waits while a camera that records now is still loading, so that none of them falls behind.
    const waits = players.some((one) => isThere(one, at) && !one.failed && (one.video.seeking || one.video.readyState < 3));
    if (!waits) at += (time - before) * rate;
    before = time;
    if (at >= last) return play(false);
    for (const one of players) follow(one, false);
    show();
    requestAnimationFrame(tick);
  };

  const play = (wanted) => {
    isPlaying = wanted;
    if (playButton) playButton.textContent = isPlaying ? "Pause" : "Play";
    before = performance.now();
    if (isPlaying) requestAnimationFrame(tick);
    else for (const one of players) follow(one, false);
  };

  for (const one of players) {
    one.video.addEventListener("loadeddata", () => say(one, ""));
    one.video.addEventListener("seeking", () => say(one, "seeking"));
    one.video.addEventListener("seeked", () => say(one, ""));
    one.video.addEventListener("error", async () => {
      if (one.failed) return;
      say(one, "The video cannot be shown.");
      one.failed = true;
      one.figure.classList.add("failed");
      try {
        const answer = await fetch(one.src, { headers: { range: "bytes=0-0" } });
        const words = answer.ok ? "This browser cannot play this file." : (await answer.text()).slice(0, 200);
        one.state.textContent = words;
      } catch {
        one.state.textContent = "The application cannot be reached.";
      }
    });
    one.video.addEventListener("click", () => {
      for (const other of players) other.video.muted = other !== one || !other.video.muted;
    });
  }
  if (!players.length && transport) transport.hidden = true;

  // ---- The lanes ---------------------------------------------------------------------------------------------------
  const box = document.getElementById("lanes");
  const said = document.getElementById("said-item");
  const text = (words) => {
    const element = document.createElement("span");
    element.textContent = words;
    return element;
  };
  if (box && window.vis && scene.lanes.items.length) {
    const rows = scene.lanes.items.map((one, number) => ({
      id: number,
      group: one.lane,
      start: new Date(one.start),
      end: one.end === null ? undefined : new Date(one.end),
      type: one.end === null ? "point" : "range",
      className: `lane-${one.style}`,
      label: one.label,
      name: one.label,
      words: one.words,
    }));
    const items = new window.vis.DataSet(rows);
    const marks = scene.lanes.groups
      .map((group) => rows.filter((one) => one.group === group.id && one.type === "point").sort((a, b) => a.start - b.start))
      .filter((all) => all.length);
    // A mark keeps its word only where the next one leaves room for it; choosing a mark always tells it.
    const declutter = () => {
      const { start, end } = lanes.getWindow();
      const perPixel = (end - start) / Math.max(1, box.clientWidth - 160);
      const changes = [];
      for (const all of marks) {
        all.forEach((one, place) => {
          const next = all[place + 1];
          const label = next && (next.start - one.start) / perPixel < 14 + 7 * one.name.length ? "" : one.name;
          if (label !== one.label) changes.push({ id: one.id, label });
          one.label = label;
        });
      }
      if (changes.length) items.update(changes);
    };
    lanes = new window.vis.Timeline(box, items, scene.lanes.groups, {
      moment: (date) => window.vis.moment(date).utcOffset(scene.lanes.offset),
      start: new Date(scene.lanes.start),
      end: new Date(scene.lanes.end),
      min: new Date(first - 6 * 3600e3),
      max: new Date(last + 6 * 3600e3),
      zoomMin: 1000,
      zoomMax: 48 * 3600e3,
      stack: false,
      selectable: true,
      zoomKey: "ctrlKey",
      horizontalScroll: true,
      showCurrentTime: false,
      orientation: "top",
      template: (item) => text(item.label || ""),
      groupTemplate: (group) => text(group ? group.label : ""),
      margin: { item: { horizontal: 0, vertical: 4 }, axis: 4 },
    });
    lanes.addCustomTime(new Date(at), "now");
    lanes.on("select", ({ items: chosen }) => {
      if (chosen.length) said.textContent = rows[chosen[0]].words;
    });
    lanes.on("rangechanged", declutter);
    declutter();
    lanes.on("click", ({ time, what }) => {
      if (time && what !== "group-label" && what !== "axis") seek(time.getTime());
    });
    lanes.on("timechanged", ({ id, time }) => id === "now" && seek(time.getTime()));
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
    }
    for (const button of document.querySelectorAll("[data-pan]")) {
      button.addEventListener("click", () => pan(Number(button.dataset.pan)));
    }
    document.querySelector("[data-fit]").addEventListener("click", () => lanes.setWindow(scene.lanes.start, scene.lanes.end, { animation: false }));
  } else if (box) {
    box.hidden = true;
    if (picture) picture.open = true;
  }
  const zoom = (part) => lanes && (part > 0 ? lanes.zoomIn(part, { animation: false }) : lanes.zoomOut(-part, { animation: false }));
  const pan = (part) => {
    if (!lanes) return;
    const { start, end } = lanes.getWindow();
    const step = (end - start) * part;
    lanes.setWindow(start.getTime() + step, end.getTime() + step, { animation: false });
  };

  // ---- Controls and keys -------------------------------------------------------------------------------------------
  if (playButton) playButton.addEventListener("click", () => play(!isPlaying));
  for (const button of document.querySelectorAll("[data-skip]")) {
    button.addEventListener("click", () => seek(at + 1000 * Number(button.dataset.skip)));
  }
  const speed = document.querySelector("[data-rate]");
  if (speed) speed.addEventListener("change", () => { rate = Number(speed.value); });
  if (scrub) scrub.addEventListener("input", () => seek(first + ((last - first) * Number(scrub.value)) / 1000));
  const bring = (ms) => {
    // Two seconds before, so that one sees it happen.
    seek(ms - 2000);
    document.getElementById("video").scrollIntoView({ block: "start" });
  };
  for (const one of document.querySelectorAll("[data-seek]")) {
    one.addEventListener("click", (event) => {
      event.preventDefault();
      if (one.tagName === "A") seek(Number(one.dataset.seek));
      else bring(Number(one.dataset.seek));
    });
  }
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    if (event.key === " " && !/^(BUTTON|A|SUMMARY)$/.test(target.tagName)) play(!isPlaying);
    else if (event.key === ",") seek(at - 40);
    else if (event.key === ".") seek(at + 40);
    else if (event.key === "+") zoom(0.5);
    else if (event.key === "-") zoom(-0.5);
    else if (event.key === "s") {
      const entry = target.closest("[data-at]");
      if (!entry) return;
      bring(Number(entry.dataset.at));
    } else return;
    event.preventDefault();
  });

  const asked = new URLSearchParams(location.search).get("t");
  const named = location.hash && document.getElementById(location.hash.slice(1));
  const entry = named && named.closest("[data-at]");
  if (asked && !Number.isNaN(Date.parse(asked))) seek(Date.parse(asked));
  else if (entry) seek(Number(entry.dataset.at) - 2000);
  else seek(at);
})();
