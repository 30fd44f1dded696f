// SPDX-License-Identifier: Apache-2.0
'use strict';

/** What the page shows, computed of answers of /status and /events: no clock, no document. */
const Figures = (() => {
  // As daemon/stats_figures.h has it.
  const FROM_STORE = ['hit', 'stale', 'stale_error', 'committed'];
  const NOT_FROM_STORE = ['miss', 'joined', 'failed'];
  const GROUPS = [
    ['hit', 'hit', ['hit', 'committed']], ['stale', 'stale', ['stale', 'stale_error']],
    ['miss', 'miss', ['miss', 'joined']], ['passed', 'passed through', ['pass', 'preview']],
    ['refused', 'refused', ['refused', 'rejected', 'preflight']], ['failed', 'failed', ['failed', 'aborted']],
  ];

  const sum = (counts, names) => names.reduce((all, name) => all + ((counts && counts[name]) || 0), 0);
  const all = (counts) => sum(counts, Object.keys(counts || {}));

  /** {part, whole} of the requests that the store may answer, since `before` (null = since the start). */
  function hits(now, before) {
    const grown = (names) => sum(now.requests, names) - (before ? sum(before.requests, names) : 0);
    const part = grown(FROM_STORE);
    return {part, whole: part + grown(NOT_FROM_STORE)};
  }

  /** [{name, words, count}] of all requests since `before`. */
  function outcomes(now, before) {
    return GROUPS.map(([name, words, names]) => ({
      name, words, count: sum(now.requests, names) - (before ? sum(before.requests, names) : 0),
    }));
  }

  /** The least bound that this share of what was counted since `before` is within; null = nothing was. A bound
   * of null is without end. */
  function quantile(now, before, share) {
    const old = new Map(before || []);
    const grown = (now || []).map(([bound, count]) => [bound, count - (old.get(bound) || 0)]);
    const whole = grown.reduce((count, one) => count + one[1], 0);
    if (whole <= 0) return null;
    let seen = 0;
    for (const [bound, count] of grown) {
      seen += count;
      if (seen >= share * whole) return bound === null ? Infinity : bound;
    }
    return null;
  }

  /** Of samples {at_ms, status}, oldest first: the one to compare the last with, about `span_ms` before it. Null
   * after a restart, or with one sample. */
  function sampleBefore(samples, span_ms) {
    const last = samples[samples.length - 1];
    const found = samples.find((one) => one !== last && last.at_ms - one.at_ms <= span_ms * 1.05);
    return found && found.status.uptime_s <= last.status.uptime_s &&
      all(found.status.requests) <= all(last.status.requests) ? found : null;
  }

  const counted = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;
  const count = (number) => Math.round(number).toLocaleString('en-US');

  function share(part, whole) {
    if (whole <= 0) return '–';
    const percent = 100 * part / whole;
    // What is not all of it is not rounded to it.
    return part === whole ? '100 %' : `${Math.min(percent, 99.9).toFixed(1)} %`;
  }

  function rate(number) {
    return number >= 100 || number === 0 ? count(number) : number.toFixed(number >= 10 ? 0 : 1);
  }

  /** 840 µs, 1.2 ms, 2.5 s, 3 min */
  function time(us) {
    if (us === null) return '–';
    if (us === Infinity) return '> 15 min';
    if (us < 1000) return `${us} µs`;
    if (us < 1e6) return `${(us / 1e3).toFixed(us < 1e4 ? 1 : 0)} ms`;
    return us < 6e7 ? `${(us / 1e6).toFixed(us < 1e7 ? 1 : 0)} s` : duration(us / 1e6);
  }

  function duration(seconds) {
    const s = Math.max(0, Math.floor(seconds));
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
    return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
  }

  function size(bytes) {
    const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
    let unit = 0;
    let number = bytes || 0;
    for (; number >= 1024 && unit + 1 < units.length; ++unit) number /= 1024;
    return `${unit === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)} ${units[unit]}`;
  }

  /** {level, word} of a host. */
  function hostState(host) {
    if (host.state === 'open') return {level: 'trouble', word: 'DOWN'};
    if (host.state === 'probing') return {level: 'trouble', word: 'DOWN, PROBED'};
    if (host.held_for_s > 0) return {level: 'look', word: 'ON HOLD'};
    if (host.consecutive_failures > 0) return {level: 'look', word: 'FAILING'};
    return {level: 'well', word: 'UP'};
  }

  const worst = (levels) => ['trouble', 'look'].find((level) => levels.includes(level)) || 'well';

  function hostProblems(hosts) {
    return hosts.map((host) => ({host, state: hostState(host)})).filter(({state}) => state.level !== 'well')
      .map(({host, state}) => ({
        level: state.level,
        what: `Origin ${host.name} (${host.for}) is ${state.word}` +
          (host.consecutive_failures > 0 ? `: ${counted(host.consecutive_failures, 'failure', 'failures')} in a row` +
            `, for ${duration(host.failing_for_s || 0)}` : ''),
        why: host.held_for_s > 0 ? `It asked to be left alone for ${duration(host.held_for_s)} more.` :
          host.last_error ? host.last_error.text : '',
      }));
  }

  function requestProblems(now, before) {
    if (!before) return [];
    const grown = (name) => ((now.requests || {})[name] || 0) - ((before.requests || {})[name] || 0);
    const found = [];
    if (grown('failed') > 0)
      found.push({level: 'trouble', what: `${counted(grown('failed'), 'visitor', 'visitors')} got an error just now`,
                  why: 'The origin failed, and nothing was stored to answer with.'});
    if (grown('stale_error') > 0)
      found.push({level: 'look', what: `${counted(grown('stale_error'), 'visitor', 'visitors')} got an old answer just now`,
                  why: 'The origin failed; what was stored stands in.'});
    return found;
  }

  function storeProblems(store) {
    const found = [];
    if (store.state && store.state !== 'writes')
      found.push({level: 'trouble', what: `The store takes nothing new: ${store.state}`, why: store.trouble || ''});
    if (store.corrupt > 0)
      found.push({level: 'look', what: `${counted(store.corrupt, 'stored row', 'stored rows')} failed the check`,
                  why: 'They were dropped and not served. Is the disk well?'});
    return found;
  }

  function sourceProblems(now) {
    const found = [];
    for (const feed of now.sync || []) {
      if (feed.trouble)
        found.push({level: 'look', what: `Sync of ${feed.stack}/${feed.environment}/${feed.branch} is in trouble`, why: feed.trouble});
    }
    if (now.bus && now.bus.trouble) found.push({level: 'look', what: `The bus is ${now.bus.state}`, why: now.bus.trouble});
    const audit = now.audit || {};
    if (audit.differing > 0)
      found.push({level: 'look', what: `${counted(audit.differing, 'answer', 'answers')} of ${count(audit.checked)} audited differed from the origin`,
                  why: 'No event had told of the change. Does the webhook arrive?'});
    return found;
  }

  function settingsProblems(now) {
    const found = [];
    const reload = (now.settings || {}).last_reload || {};
    if (reload.result === 'failed') found.push({level: 'look', what: 'The last reload failed', why: 'The log names the mistakes.'});
    if ((reload.needs_restart || []).length > 0)
      found.push({level: 'look', what: 'Settings wait for a restart', why: reload.needs_restart.join(', ')});
    if ((now.origin || {}).credentials_rejected > 0)
      found.push({level: 'look', what: `The origin refuses ${counted(now.origin.credentials_rejected, 'credential', 'credentials')}`,
                  why: 'Nothing is answered for these. Was a token revoked?'});
    for (const [name, log] of Object.entries(now.logs || {})) {
      if (log.trouble) found.push({level: 'look', what: `The ${name} log is not written`, why: log.trouble});
    }
    return found;
  }

  function purgeProblems(events) {
    return (events || []).filter((one) => one.done === false).slice(0, 3).map((one) => ({
      level: 'trouble', what: `A purge failed: ${one.purged}`, why: `${one.scope || 'everywhere'}, by ${one.source}, at ${one.time}`,
    }));
  }

  /** [{level: trouble or look, what, why}], the worst first. */
  function problems(now, before, events) {
    const found = [...hostProblems(now.hosts || []), ...requestProblems(now, before), ...storeProblems(now.store || {}),
                   ...purgeProblems(events), ...sourceProblems(now), ...settingsProblems(now)];
    if (now.state === 'draining')
      found.push({level: 'look', what: 'larderd is stopping', why: 'It finishes what is under way.'});
    return [...found.filter((one) => one.level === 'trouble'), ...found.filter((one) => one.level === 'look')];
  }

  return {all, count, counted, duration, hits, hostState, outcomes, problems, quantile, rate, sampleBefore, share, size, time, worst};
})();
