// SPDX-License-Identifier: Apache-2.0

(() => {
  const POLL_MS = 1000;
  const ANSWER_WITHIN_MS = 3000;
  const SILENT_AFTER_MS = 3500;  // since the last figures
  const WINDOW_MS = 10000;
  const KEPT_MS = 120000;
  const MOST_EVENTS = 8;
  const MOST_HOT = 8;
  const VERDICTS = {well: 'ALL WELL', look: 'LOOK HERE', trouble: 'TROUBLE'};

  const element = (id) => document.getElementById(id);
  let token = '';       // in this page's memory only
  let locked = false;   // a token is asked for
  let samples = [];     // {at_ms, status, hits, requests}, oldest first
  let events = [];
  let hot = null;       // the answer of /top; null = larderd counts nothing
  let polls = 0;
  let answered = null;  // performance.now() of the last figures
  let refusal = '';     // what larderd said instead of figures

  // --- Writing -----------------------------------------------------------------------------------

  // Nothing that is as it was is written again: a reader of the screen is not disturbed.
  function say(id, text, level) {
    const at = element(id);
    if (at.textContent !== text) at.textContent = text;
    if (level !== undefined) {
      for (const name of ['well', 'look', 'trouble']) at.classList.toggle(name, name === level);
    }
  }

  /** A figure that is read from afar: what follows the number is smaller. */
  function sayBig(id, text, level) {
    const [, number, unit] = /^(.*\d)( \D+)$/.exec(text) || [null, text, ''];
    if (element(id).textContent !== text) element(id).replaceChildren(number, make('small', unit));
    say(id, text, level);
  }

  function make(tag, text, className) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function of(what, where) {
    const cell = make('td', what);
    cell.append(make('span', ` ${where}`, 'soft'));
    return cell;
  }

  function fill(id, items) {
    const fresh = document.createElement('div');
    fresh.append(...items);
    const at = element(id);
    if (at.innerHTML !== fresh.innerHTML) at.replaceChildren(...fresh.childNodes);
  }

  function draw(id, values, most) {
    const step = 120 / Math.max(1, KEPT_MS / POLL_MS - 1);
    const first = 120 - step * (values.length - 1);
    const top = most || Math.max(1, ...values.filter((value) => value !== null));
    let path = '';
    values.forEach((value, index) => {
      if (value === null) return;
      const joined = index > 0 && values[index - 1] !== null;
      path += `${joined ? 'L' : 'M'}${(first + step * index).toFixed(1)} ${(23 - 22 * value / top).toFixed(1)}`;
    });
    element(id).firstElementChild.setAttribute('d', path);
  }

  // --- Tiles -------------------------------------------------------------------------------------

  function showHits(now, before) {
    const lately = before ? Figures.hits(now, before) : {part: 0, whole: 0};
    const ever = Figures.hits(now, null);
    const shown = lately.whole > 0 ? lately : ever;
    sayBig('hits', Figures.share(shown.part, shown.whole));
    say('hits-note', ever.whole === 0 ? 'no request yet' :
      lately.whole > 0 ? `since the start ${Figures.share(ever.part, ever.whole)}` : 'since the start; no request now');
    draw('hits-line', samples.map((one) => one.hits), 1);
  }

  function showRequests(now, before, seconds) {
    const groups = before ? Figures.outcomes(now, before) : [];
    const whole = groups.reduce((sum, one) => sum + one.count, 0);
    sayBig('requests', before ? Figures.rate(whole / seconds) : '–');
    const some = groups.filter((one) => one.count > 0);
    fill('outcomes', some.length === 0 ? [make('li', `none now; ${Figures.count(Figures.all(now.requests))} since the start`, 'refused')] :
      some.map((one) => make('li', `${one.words} ${Figures.share(one.count, whole)}`, one.name)));
    fill('outcome-bar', some.map((one) => make('span', '', one.name)));
    [...element('outcome-bar').children].forEach((bar, index) => { bar.style.flexGrow = some[index].count; });
    draw('requests-line', samples.map((one) => one.requests));
  }

  function showLatency(now, before) {
    const at = (name, share) => {
      const ours = (now.latency_us || {})[name];
      const lately = before ? Figures.quantile(ours, (before.latency_us || {})[name], share) : null;
      return lately === null ? Figures.quantile(ours, null, share) : lately;
    };
    const median = at('cache', 0.5);
    sayBig('latency', Figures.time(median));
    say('latency-note', median === null ? 'nothing was answered from the store yet' :
      `from the store, median; 99 % within ${Figures.time(at('cache', 0.99))}`);
    const origin = at('origin', 0.5);
    say('latency-origin', origin === null ? 'by the origin: none yet' :
      `by the origin ${Figures.time(origin)}; 99 % within ${Figures.time(at('origin', 0.99))}`);
  }

  function showOrigin(hosts) {
    const states = hosts.map(Figures.hostState);
    const level = Figures.worst(states.map((state) => state.level));
    const bad = states.find((state) => state.level === level);
    sayBig('origin', hosts.length === 0 ? '–' : level === 'well' ? 'UP' : bad.word, hosts.length === 0 ? '' : level);
    fill('hosts', hosts.length === 0 ? [make('li', 'not asked yet')] : hosts.map((host, index) => {
      const item = make('li', '');
      item.append(make('b', states[index].word, states[index].level), ` ${host.name.replace(/^https?:\/\//, '')}, ${host.for}: ` +
        `${Figures.count(host.successes)} good, ${Figures.count(host.failures)} failed`);
      return item;
    }));
  }

  function agoOf(text, now) {
    return Math.max(0, (Date.parse(now.time) - Date.parse(text)) / 1000);
  }

  function showFreshness(now) {
    const visible = (now.origin || {}).visible_ms;
    const median = Figures.quantile(visible, null, 0.5);
    const shown = median === null ? '–' : median === Infinity ? '> 15 min' : `≤ ${Figures.time(median * 1000)}`;
    sayBig('fresh', shown);
    const notes = [median === null ? 'no change was seen through yet' :
      `median of all changes; 95 %: ${Figures.time(Figures.quantile(visible, null, 0.95) * 1000)}`];
    if (events.length > 0) notes.push(`last purge ${Figures.duration(agoOf(events[0].time, now))} ago`);
    if (now.webhook) {
      const ago = now.webhook.last_seen_ago_s;
      notes.push(ago === null || ago === undefined ? 'no webhook yet' : `last webhook ${Figures.duration(ago)} ago`);
    }
    if (now.bus) notes.push(`bus ${now.bus.state}`);
    say('fresh-note', notes.join(' · '));
    const feeds = (now.sync || []).slice().sort((a, b) => (b.complete_ago_ms || 0) - (a.complete_ago_ms || 0));
    const known = feeds.filter((feed) => typeof feed.complete_ago_ms === 'number');
    fill('feeds', feeds.length === 0 ? [] : [make('li', known.length < feeds.length ?
      `sync: ${feeds.length - known.length} of ${feeds.length} feeds not up to date yet` :
      `sync: all ${feeds.length} feeds up to date within ${Figures.duration(known[0].complete_ago_ms / 1000)}`)]);
  }

  function showStore(now) {
    const store = now.store || {};
    const writes = store.state === 'writes';
    sayBig('store', writes ? Figures.share(store.live_bytes, store.size_bytes) : 'WRITES NOTHING', writes ? '' : 'trouble');
    say('store-note', `in use: ${Figures.size(store.live_bytes)} of ${Figures.size(store.size_bytes)}, ` +
      `${Figures.counted(store.objects || 0, 'object', 'objects')}; ${Figures.count(store.evicted || 0)} evicted`);
    const memory = now.memory || {};
    say('memory', memory.own_bytes === undefined ? '' : `memory ${Figures.size(memory.own_bytes)}; ` +
      `${Figures.size(memory.in_flight_bytes)} on the way in, ${Figures.size(memory.output_bytes)} wait for clients`);
  }

  function showTrouble(problems) {
    element('no-trouble').hidden = problems.length > 0;
    fill('trouble', problems.map((one) => {
      const item = make('li', '');
      item.append(make('b', one.what, one.level), make('span', one.why));
      return item;
    }));
  }

  function showEvents(now) {
    element('no-events').hidden = events.length > 0;
    element('events-table').hidden = events.length === 0;
    fill('events', events.slice(0, MOST_EVENTS).map((one) => {
      const row = document.createElement('tr');
      row.append(make('td', Figures.duration(agoOf(one.time, now))), make('td', one.source), of(one.purged, one.scope || 'everywhere'),
                 make('td', one.lag_ms === null ? '–' : Figures.time(one.lag_ms * 1000)),
                 make('td', one.done ? (one.hard ? 'done, hard' : 'done') : 'FAILED', one.done ? 'well' : 'trouble'));
      return row;
    }));
  }

  function showHot() {
    element('hot-panel').hidden = hot === null;
    const urls = hot === null ? [] : hot.urls;
    element('no-hot').hidden = urls.length > 0;
    element('hot-table').hidden = urls.length === 0;
    fill('hot', urls.map((one) => {
      const row = document.createElement('tr');
      row.append(make('td', Figures.share(Math.min(one.samples, hot.samples), hot.samples)),
                 make('td', Figures.share(one.missed, one.seen)), of(one.url, one.scope));
      return row;
    }));
  }

  // --- The whole ---------------------------------------------------------------------------------

  function setState(state, verdict, why) {
    document.documentElement.dataset.state = state;
    say('verdict', verdict);
    say('why', why);
    const title = `${verdict} · larder`;
    if (document.title !== title) document.title = title;
  }

  function show() {
    const last = samples[samples.length - 1];
    const now = last.status;
    const before = Figures.sampleBefore(samples, WINDOW_MS);
    const problems = Figures.problems(now, before && before.status, events);
    const level = Figures.worst(problems.map((one) => one.level));
    element('figures').hidden = false;
    say('where', `${now.version} at ${location.host}, up ${Figures.duration(now.uptime_s)}`);
    setState(level, now.state === 'draining' ? 'STOPPING' : VERDICTS[level], problems.length === 0 ? '' :
      problems[0].what + (problems.length > 1 ? `, and ${problems.length - 1} more` : ''));
    showHits(now, before && before.status);
    showRequests(now, before && before.status, before ? (last.at_ms - before.at_ms) / 1000 : 1);
    showLatency(now, before && before.status);
    showOrigin(now.hosts || []);
    showFreshness(now);
    showStore(now);
    showTrouble(problems);
    showEvents(now);
    showHot();
  }

  function tick() {
    if (locked) return say('age', '');
    const age_ms = performance.now() - (answered === null ? 0 : answered);
    const silent = age_ms > SILENT_AFTER_MS;
    if (silent) {
      setState('silent', 'NO ANSWER', refusal || 'larderd does not answer. Does it run, and is the way to it open?');
      say('age', answered === null ? `for ${Figures.duration(age_ms / 1000)}` : `the figures are ${Figures.duration(age_ms / 1000)} old`);
    } else {
      say('age', answered === null ? '' : age_ms < 2000 ? 'live' : `${Math.floor(age_ms / 1000)} s old`);
    }
  }

  function take(status, at_ms) {
    const previous = samples[samples.length - 1];
    if (previous && (previous.status.uptime_s > status.uptime_s ||
                     Figures.all(previous.status.requests) > Figures.all(status.requests))) samples = [];
    const sample = {at_ms, status, hits: null, requests: null};
    samples.push(sample);
    samples = samples.filter((one) => at_ms - one.at_ms <= KEPT_MS);
    const before = Figures.sampleBefore(samples, 5000);
    if (before) {
      const {part, whole} = Figures.hits(status, before.status);
      sample.hits = whole > 0 ? part / whole : null;
      sample.requests = (Figures.all(status.requests) - Figures.all(before.status.requests)) / (at_ms - before.at_ms) * 1000;
    }
    answered = at_ms;
    refusal = '';
    show();
  }

  // --- Asking ------------------------------------------------------------------------------------

  function lock(wrong) {
    locked = true;
    token = '';
    setState('locked', 'LOCKED', 'The figures are for whoever has the token.');
    element('figures').hidden = true;
    element('token-form').hidden = false;
    say('token-error', wrong ? 'larderd does not know this token.' : '');
    element('token').focus();
  }

  async function ask(path) {
    const answer = await fetch(path, {
      cache: 'no-store', credentials: 'omit', redirect: 'error', signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      headers: token ? {Authorization: `Bearer ${token}`} : {},
    });
    if (answer.status === 401) {
      lock(token !== '');
      return null;
    }
    const body = await answer.json();
    if (answer.ok) return body;
    if (path !== 'status') return null;
    refusal = `larderd shows no figures here: ${body.error || answer.status}`;
    return null;
  }

  async function poll() {
    try {
      const status = await ask('status');
      if (status && polls++ % 2 === 0) {
        events = ((await ask('events')) || {events}).events;
        hot = await ask(`top?limit=${MOST_HOT}`);
      }
      if (status) take(status, performance.now());
    } catch (problem) {
      refusal = '';  // no answer at all: tick() tells
    }
    if (!locked) setTimeout(poll, POLL_MS);
    tick();
  }

  element('token-form').addEventListener('submit', (event) => {
    event.preventDefault();
    token = element('token').value.trim();
    element('token').value = '';
    element('token-form').hidden = true;
    locked = false;
    setState('waiting', 'waiting for larderd', '');
    poll();
  });
  setInterval(tick, 500);
  poll();
})();
