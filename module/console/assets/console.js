// What the console does beyond pages and forms. Everything here refines something that works without it.
(() => {
	'use strict';
	const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
	const typing = (element) => element.matches('input, textarea, select, [contenteditable]');

	// say lets a screen reader hear what happened without a change of page.
	const say = (text) => {
		const said = document.getElementById('said');
		if (said) said.textContent = text;
	};

	// Times in the reader's zone. The title has the exact one: the reader's and UTC.
	const short = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'short'});
	const long = new Intl.DateTimeFormat(undefined, {dateStyle: 'full', timeStyle: 'long'});
	const times = (within) => all('time[datetime]:not([data-local])', within).forEach((element) => {
		const at = new Date(element.dateTime);
		if (Number.isNaN(at.getTime())) return;
		element.dataset.local = '';
		element.title = long.format(at) + '\n' + element.title;
		element.textContent = short.format(at);
	});

	// Copying. The button is there only where it works: browsers have no clipboard on plain HTTP.
	const copying = (within) => all('[data-copy]', within).forEach((button) => {
		if (navigator.clipboard) button.hidden = false;
	});
	const copy = async (button) => {
		const source = document.getElementById(button.dataset.copy);
		try {
			await navigator.clipboard.writeText(source.textContent);
			button.textContent = 'Copied';
			say('Copied');
			setTimeout(() => { button.textContent = 'Copy'; }, 2000);
		} catch {
			getSelection().selectAllChildren(source);
			say('Selected. Copy it with the keyboard.');
		}
	};

	// The switch between light and dark needs no request: a cookie remembers it, so that the next page begins with it.
	const theme = (form, event) => {
		event.preventDefault();
		const button = form.querySelector('button');
		const chosen = button.value;
		document.documentElement.dataset.theme = chosen;
		const secure = location.protocol === 'https:' ? '; Secure' : '';
		document.cookie = `doorward-theme=${chosen}; Path=/; Max-Age=31536000; SameSite=Strict${secure}`;
		button.value = chosen === 'dark' ? 'light' : 'dark';
		button.textContent = chosen === 'dark' ? 'Light' : 'Dark';
	};
	const themeShown = () => {
		const button = document.querySelector('[data-theme-switch] button');
		if (!button || document.documentElement.dataset.theme) return;
		const dark = matchMedia('(prefers-color-scheme: dark)').matches;
		button.value = dark ? 'light' : 'dark';
		button.textContent = dark ? 'Light' : 'Dark';
	};

	// Pickers: what is typed leaves those boxes whose text has every word of it; the groups that have none are away.
	const filterPicker = (picker) => {
		const words = picker.querySelector('[data-picker-search]').value.toLowerCase().split(/\s+/).filter(Boolean);
		let shown = 0;
		all('details', picker).forEach((group) => {
			let some = false;
			all('.box', group).forEach((box) => {
				const text = (box.textContent + ' ' + group.querySelector('summary').textContent).toLowerCase();
				box.hidden = !words.every((word) => text.includes(word));
				if (!box.hidden) { some = true; shown++; }
			});
			group.hidden = !some;
			if (words.length) group.open = some;
		});
		say(`${shown} shown`);
	};
	const countPicker = (picker) => {
		const count = picker.querySelector('[data-picker-count]');
		if (count) count.textContent = `${all('input:checked', picker).length} chosen`;
		all('details', picker).forEach((group) => {
			const chosen = all('input:checked', group).length;
			const mark = group.querySelector('[data-group-count]');
			if (mark) { mark.textContent = chosen || ''; mark.hidden = !chosen; }
		});
	};
	const pickers = (within) => all('[data-picker]', within).forEach((picker) => {
		picker.querySelector('[data-picker-tools]').hidden = false;
		picker.addEventListener('input', (event) => (event.target.matches('[data-picker-search]') ? filterPicker(picker) : countPicker(picker)));
		countPicker(picker);
	});

	// Fields that are of use only with a certain choice: data-shown-with="expires=date".
	const dependants = (within) => all('[data-shown-with]', within).forEach((element) => {
		const [name, value] = element.dataset.shownWith.split('=');
		const controls = all(`[name="${CSS.escape(name)}"]`, element.closest('form'));
		const update = () => {
			element.hidden = !controls.some((c) => (c.type === 'radio' ? c.checked : true) && c.value === value);
		};
		controls.forEach((c) => c.addEventListener('change', update));
		update();
	});

	// Keys: "/" goes to the search of the page, arrows go up and down in a table or a picker, Esc leaves.
	const step = (list, from, by) => {
		const at = list.indexOf(from);
		const next = list[at + by];
		if (next) next.focus();
		return Boolean(next);
	};
	const arrows = (event) => {
		const by = {ArrowDown: 1, ArrowUp: -1}[event.key];
		const picker = event.target.closest('[data-picker]');
		if (picker) {
			const boxes = all('.box:not([hidden]) input', picker).filter((box) => box.offsetParent);
			return event.target.matches('[data-picker-search]') ? by === 1 && boxes[0] && (boxes[0].focus(), true) : step(boxes, event.target, by);
		}
		if (typing(event.target)) return false;
		const rows = all('.table tbody tr').map((row) => row.querySelector('a, button')).filter(Boolean);
		const here = event.target.closest('tr');
		const from = here && here.querySelector('a, button');
		return rows.includes(from) ? step(rows, from, by) : by === 1 && event.target === document.body && rows[0] && (rows[0].focus(), true);
	};
	const escape = (event) => {
		if (location.hash === '#navigation') { location.hash = '#main'; return true; }
		if (event.target.matches('[type="search"]') && event.target.value) return false; // the browser empties it
		if (typing(event.target)) { event.target.blur(); return true; }
		const way = document.querySelector('[data-escape]');
		if (way) { way.click(); return true; }
		return false;
	};
	document.addEventListener('keydown', (event) => {
		if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
		let done = false;
		if (event.key === '/' && !typing(event.target)) {
			const search = document.querySelector('[data-search]');
			if (search) { search.focus(); search.select(); done = true; }
		} else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
			done = arrows(event);
		} else if (event.key === 'Escape') {
			done = escape(event);
		}
		if (done) event.preventDefault();
	});

	document.addEventListener('click', (event) => {
		const button = event.target.closest('[data-copy]');
		if (button) copy(button);
	});
	document.addEventListener('submit', (event) => {
		if (event.target.matches('[data-theme-switch]')) theme(event.target, event);
	});

	const refine = (within) => { times(within); copying(within); pickers(within); dependants(within); };
	refine(document);
	themeShown();
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', themeShown);
	document.addEventListener('htmx:afterSettle', (event) => refine(event.target));
	document.querySelector('[data-focus]')?.focus();

	// The outcome of an action is told once: the address of the page goes on without it.
	const here = new URL(location.href);
	if (here.searchParams.has('done')) {
		here.searchParams.delete('done');
		history.replaceState(history.state, '', here);
	}
})();
