// Live zones from one stream a second; the rest is asked for now and then. The server renders every word.
'use strict';
(() => {
  const at = (id) => document.getElementById(id);
  const HISTORY = 120;
  const past = new Map();

  // One bar a second and zone: its height is the level, its kind the state.
  function strip(zone, state, level) {
    const bars = past.get(zone) || [];
    bars.push([state, level]);
    if (bars.length > HISTORY) bars.shift();
    past.set(zone, bars);
    return bars.map(([s, l], i) => {
      const h = s === 'moving' || s === 'still' ? 2 + l * 2.4 : 2;
      return `<rect class="${s}" x="${(HISTORY - bars.length + i) * 2}" y="${24 - h}" width="1.5" height="${h}"/>`;
    }).join('');
  }

  // Words come with the card: one attribute for each state and each presence.
  const word = (card, kind, value) => card.dataset[kind + value[0].toUpperCase() + value.slice(1)] || '';

  function detail(card, z) {
    const level = word(card, 'note', z.state) || card.dataset.levelBefore + z.level + card.dataset.levelAfter;
    const present = word(card, 'present', z.present);
    return present ? `${level}, ${present}` : level;
  }

  function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function show(message) {
    for (const z of message.zones) {
      const card = at('zone-' + z.zone);
      if (!card) continue;
      if (card.dataset.state !== z.state) card.dataset.state = z.state;
      put(card.querySelector('.state'), word(card, 'word', z.state));
      put(card.querySelector('.detail'), detail(card, z));
      card.querySelector('.strip').innerHTML = strip(z.zone, z.state, z.level);
    }
    if (message.status && at('switch').dataset.sensing !== message.status.sensing) refresh(['switch']);
  }

  const typing = (place) => place.contains(document.activeElement) && document.activeElement.matches('input, button');

  async function refresh(parts) {
    for (const part of parts) {
      const place = at('part-' + part);
      if (typing(place)) continue;
      try {
        const answer = await fetch('/' + document.documentElement.lang + '/part/' + part);
        const html = answer.ok ? await answer.text() : null;
        // Never under somebody's hands, not even if they came while the answer was on its way.
        if (html !== null && place.dataset.html !== html && !typing(place)) {
          const open = [...place.querySelectorAll('details[open]')].map((d) => d.id);
          place.innerHTML = html;
          place.dataset.html = html;
          open.forEach((id) => { const d = at(id); if (d) d.open = true; });
        }
      } catch { /* the stream says that the node is gone */ }
    }
  }

  document.addEventListener('submit', async (event) => {
    const form = event.target;
    if (form.dataset.plain !== undefined) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, event.submitter));
    try { await fetch(form.action, { method: 'POST', body }); } catch { return; }
    // The form is done with, so what it stands in may be rendered anew.
    if (form.contains(document.activeElement)) document.activeElement.blur();
    refresh(['switch', 'why']);
  });

  const stream = new EventSource('/api/live');
  stream.onmessage = (event) => { at('lost').hidden = true; show(JSON.parse(event.data)); };
  stream.onerror = () => { at('lost').hidden = false; at('lost').textContent = document.body.dataset.lost; };
  setInterval(() => refresh(['network', 'why', 'health']), 3000);
})();
