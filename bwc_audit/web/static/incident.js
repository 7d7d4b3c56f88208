// The incident page: lanes to zoom and pan, and the cameras side by side in step on one clock of the world (milliseconds UTC).
"use strict";
(() => {
  const block = document.getElementById("scene");
  if (!block) return;
  const scene = JSON.parse(block.textContent);
  for (const one of document.querySelectorAll(".needs-script")) one.hidden = false;
  const picture = document.querySelector(".still-picture");
  if (picture) {
    picture.open = false;
    // Paper has no lanes to zoom: it shows the picture.
    addEventListener("beforeprint", () => { picture.open = true; });
    addEventListener("afterprint", () => { picture.open = false; });
  }

  // ---- The players -------------------------------------------------------------------------------------------------
  const players = scene.players
    .map((one) => {
      const figure = [...document.querySelectorAll("[data-player]")].find((f) => f.dataset.player === one.id);
      const video = figure && figure.querySelector("video");
      if (!video) return null;
      video.controls = false;
      video.muted = true;
      return { ...one, figure, video, state: figure.querySelector(".player-state"), sound: figure.querySelector("[data-sound]") };
    })
    .filter(Boolean);
  const first = Math.min(scene.lanes.start, ...players.map((one) => one.start));
  const last = Math.max(scene.lanes.end, ...players.map((one) => one.start + one.length));
  const transport = document.querySelector(".transport");
  const scrub = document.querySelector("[data-scrub]");
  const now = document.querySelector("[data-now]");
  const playButton = document.querySelector("[data-play]");
  const SOFT_S = 0.03, HARD_S = 0.5, PATIENCE_MS = 8000;
  let isAwake = false;
  let leader = null;
  let waitedSince = 0;
  const starts = players.map((one) => one.start).sort((a, b) => a - b);
  let at = starts.find((ms) => ms >= scene.lanes.start && ms < scene.lanes.end) ?? scene.lanes.start;
  let rate = 1;
  let isPlaying = false;
  let before = 0;
  let lanes = null;

  const two = (n) => String(n).padStart(2, "0");
  const minutesAhead = (ms) => scene.lanes.offsets.reduce((minutes, [from, ahead]) => (ms >= from ? ahead : minutes), scene.lanes.offsets[0][1]);
  const clock = (ms) => {
    const local = new Date(ms + minutesAhead(ms) * 60000);
    return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}.${Math.floor(local.getUTCMilliseconds() / 100)}`;
  };

  const isThere = (one, ms) => ms >= one.start && ms < one.start + one.length;
  const isReady = (one) => one.video.ended || one.isSlow || (!one.video.seeking && one.video.readyState >= 3);

  // One player at the second that all show. The leader keeps the time while playing; the others are slowed or hurried until
  // they are within SOFT_S of it, and jump only where they are far off.
  const follow = (one, isSeek, isHeld) => {
    const video = one.video;
    if (!isThere(one, at)) {
      if (!video.paused) video.pause();
      one.figure.classList.add("away");
      say(one, "not recording at this time");
      return;
    }
    one.figure.classList.remove("away");
    if (one.failed) return;
    if (!isAwake) return say(one, "recording at this time; nothing is loaded before you play or choose a second");
    const wanted = (at - one.start) / 1000;
    if (video.preload === "none") {
      video.preload = "auto";
      say(one, "loading");
    }
    const drift = video.currentTime - wanted;
    if (isSeek || Math.abs(drift) > (isPlaying ? HARD_S : 0.02)) {
      if (!video.seeking || isSeek) video.currentTime = wanted;
    }
    const pull = one === leader || Math.abs(drift) < SOFT_S ? 1 : drift > 0 ? 0.93 : 1.07;
    if (Math.abs(video.playbackRate - rate * pull) > 0.001) video.playbackRate = rate * pull;
    if (isPlaying && !isHeld && !video.ended) {
      if (video.paused) video.play().catch(() => {});
    } else if (!video.paused) video.pause();
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
    isAwake = true;
    for (const one of players) {
      if (!one.mayRetry) continue;
      one.failed = one.mayRetry = false;
      one.figure.classList.remove("failed");
      one.video.load();
    }
    place(ms);
  };

  const place = (ms) => {
    at = Math.min(Math.max(ms, first), last);
    for (const one of players) follow(one, true, false);
    show();
  };

  const tick = (time) => {
    if (!isPlaying) return;
    const passed = Math.min(time - before, 500) * rate;
    before = time;
    const here = players.filter((one) => isThere(one, at) && !one.failed);
    // All wait for one that loads, so that none falls behind; not for ever: then it comes in when it can.
    const late = here.filter((one) => !isReady(one));
    waitedSince = late.length ? waitedSince || time : 0;
    if (late.length && time - waitedSince > PATIENCE_MS) for (const one of late) one.isSlow = true;
    if (!here.includes(leader) || !isReady(leader) || leader.isSlow || leader.video.ended) {
      leader = here.find((one) => isReady(one) && !one.isSlow && !one.video.ended) || null;
    }
    if (!late.length) {
      const told = leader && !leader.video.paused ? leader.start + leader.video.currentTime * 1000 : null;
      at = told !== null && Math.abs(told - at) < 2000 * Math.max(1, rate) ? told : at + passed;
    }
    if (at >= last) return play(false);
    for (const one of players) follow(one, false, late.length > 0 && isReady(one));
    show();
    requestAnimationFrame(tick);
  };

  const play = (wanted) => {
    isAwake = isAwake || wanted;
    isPlaying = wanted;
    leader = null;
    waitedSince = 0;
    if (playButton) playButton.textContent = isPlaying ? "Pause" : "Play";
    before = performance.now();
    if (isPlaying) requestAnimationFrame(tick);
    else for (const one of players) follow(one, false, false);
  };

  const listen = (chosen) => {
    for (const one of players) {
      one.video.muted = one !== chosen || !one.video.muted;
      one.sound.textContent = one.video.muted ? "Sound off" : "Sound on";
      one.sound.setAttribute("aria-pressed", String(!one.video.muted));
    }
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
        one.mayRetry = answer.status >= 500;
        one.state.textContent = answer.ok ? "This browser cannot play this file." : (await answer.text()).slice(0, 200);
      } catch {
        one.mayRetry = true;
        one.state.textContent = "The application cannot be reached. Choose a second to try again.";
      }
    });
    one.video.addEventListener("canplay", () => { one.isSlow = false; });
    one.video.addEventListener("click", () => play(!isPlaying));
    one.sound.addEventListener("click", () => listen(one));
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
      moment: (date) => window.vis.moment(date).utcOffset(minutesAhead(+date)),
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
  const nextButton = document.querySelector("[data-next]");
  if (nextButton) {
    nextButton.addEventListener("click", () => {
      const next = starts.find((ms) => ms > at + 1);
      if (next !== undefined) seek(next);
    });
  }
  const step = (frames) => {
    const one = players.find((other) => isThere(other, at) && !other.failed);
    if (isPlaying) play(false);
    seek(at + (1000 * frames) / ((one && one.fps) || 25));
  };
  for (const button of document.querySelectorAll("[data-frame]")) {
    button.addEventListener("click", () => step(Number(button.dataset.frame)));
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
  const timed = [...document.querySelectorAll("[data-entry][data-at]")];
  let chosen = -1;
  const finding = (step) => {
    if (!timed.length) return;
    const focused = timed.findIndex((one) => one.contains(document.activeElement));
    chosen = Math.min(Math.max((focused >= 0 ? focused : chosen) + step, 0), timed.length - 1);
    const entry = timed[chosen], ms = Number(entry.dataset.at);
    seek(ms - 2000);
    if (lanes && (ms < lanes.getWindow().start || ms > lanes.getWindow().end)) lanes.moveTo(ms, { animation: false });
    const target = entry.querySelector("button, summary, a");
    if (target) target.focus({ preventScroll: true });
    entry.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    if (event.key === " " && !/^(BUTTON|A|SUMMARY)$/.test(target.tagName)) play(!isPlaying);
    else if (event.key === ",") step(-1);
    else if (event.key === ".") step(1);
    else if (event.key === "n" || event.key === "p") finding(event.key === "n" ? 1 : -1);
    else if (event.key === "ArrowLeft" && target === box) pan(-0.2);
    else if (event.key === "ArrowRight" && target === box) pan(0.2);
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
  else place(at);
})();
