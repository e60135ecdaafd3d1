// Pages whose parts are fetched anew: elements with data-live. htmx fetches them; this says when not to, and when it failed.
// Without it such a page shows what was true when it was opened.
(() => {
	'use strict';
	const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
	const isLive = (element) => element instanceof Element && element.matches('[data-live]');

	// Fetching keeps a session alive. So nobody's is kept whose browser was left alone, nor is a page fetched that nobody sees.
	const patience = 10 * 60 * 1000;
	let touched = Date.now();
	let paused = false;
	const resting = () => paused || document.hidden || Date.now() - touched > patience;
	const wake = () => { if (!resting() && window.htmx) all('[data-live]').forEach((element) => htmx.trigger(element, 'awake')); };
	const touch = () => {
		const slept = Date.now() - touched > patience;
		touched = Date.now();
		if (slept) wake();
	};
	['pointermove', 'pointerdown', 'keydown', 'wheel', 'focus'].forEach((kind) => addEventListener(kind, touch, {passive: true}));
	document.addEventListener('visibilitychange', wake);
	document.addEventListener('htmx:beforeRequest', (event) => { if (isLive(event.target) && resting()) event.preventDefault(); });

	all('[data-live-switch]').forEach((button) => {
		button.hidden = false;
		button.addEventListener('click', () => {
			paused = !paused;
			button.textContent = paused ? 'Go on' : 'Pause';
			wake();
		});
	});

	const lost = (yes) => all('[data-live-lost]').forEach((notice) => { notice.hidden = !yes; });
	['htmx:sendError', 'htmx:responseError', 'htmx:timeout'].forEach((kind) => document.addEventListener(kind, (event) => { if (isLive(event.target)) lost(true); }));

	// What was unfolded, and how far it was scrolled, stays. An answer from another address is the sign-in page: the session has ended.
	let open = new Map();
	document.addEventListener('htmx:beforeSwap', (event) => {
		const {elt, xhr, requestConfig} = event.detail;
		if (!isLive(elt) || !event.detail.shouldSwap) return;
		if (xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(requestConfig.path, location.href).pathname) {
			event.detail.shouldSwap = false;
			location.reload();
			return;
		}
		lost(false);
		open = new Map(all('details[open][id]', elt).map((details) => [details.id, details.querySelector('.values')?.scrollTop]));
	});
	document.addEventListener('htmx:afterSwap', () => open.forEach((scrolled, id) => {
		const details = document.getElementById(id);
		if (!details) return;
		details.open = true;
		const values = details.querySelector('.values');
		if (values && scrolled) values.scrollTop = scrolled;
	}));
})();
