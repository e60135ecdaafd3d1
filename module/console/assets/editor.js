// The editor of policies: remarks at their place while one types, and completion. Without it the text is a plain field, and the
// button "Check" says the same.
(() => {
	'use strict';
	const form = document.querySelector('form[data-editor]');
	const area = form && form.querySelector('textarea.code');
	if (!area) return;
	const editor = area.closest('.editor');
	const gutter = editor.querySelector('.gutter');
	const under = editor.querySelector('pre'); // the same text below the field, invisible: it carries the underlines
	const list = editor.querySelector('[role="listbox"]');
	const say = (text) => { document.getElementById('said').textContent = text; };
	const make = (name, text, mark) => {
		const element = document.createElement(name);
		element.textContent = text;
		if (mark) element.className = mark;
		return element;
	};
	form.querySelectorAll('[data-scripted]').forEach((element) => { element.hidden = false; });

	// Remarks, as the page or the last check has them.
	let remarks = [];
	const readRemarks = () => {
		const found = document.getElementById('findings');
		remarks = Array.from(found.querySelectorAll('[data-from]'), (a) => ({from: +a.dataset.from, to: +a.dataset.to, line: +a.dataset.line, mark: a.dataset.mark}));
		found.querySelectorAll('[data-instead]').forEach((button) => { button.hidden = false; });
	};
	const draw = () => {
		const text = area.value;
		const lines = text.split('\n').length;
		const marks = new Map(remarks.toReversed().sort((a, b) => (a.mark === 'bad') - (b.mark === 'bad')).map((r) => [r.line, r.mark]));
		gutter.replaceChildren(...Array.from({length: lines}, (_, i) => make('span', i + 1, marks.get(i + 1))));
		const parts = [];
		let at = 0;
		for (const r of remarks.toSorted((a, b) => a.from - b.from)) {
			if (r.from < at || r.from >= r.to) continue;
			parts.push(text.slice(at, r.from), make('mark', text.slice(r.from, r.to), r.mark));
			at = r.to;
		}
		under.replaceChildren(...parts, text.slice(at) + '\n');
		follow();
	};
	const follow = () => {
		gutter.scrollTop = under.scrollTop = area.scrollTop;
		under.scrollLeft = area.scrollLeft;
	};

	// Checking: a moment after the last change, and only the last one counts.
	let timer, running;
	const check = async () => {
		if (running) running.abort();
		const mine = running = new AbortController();
		const data = new FormData(form);
		const body = new URLSearchParams(['form_token', 'level', 'statementQuery'].map((name) => [name, data.get(name) ?? '']));
		try {
			const answer = await fetch(form.dataset.editor, {method: 'POST', headers: {'HX-Request': 'true'}, body, signal: mine.signal, redirect: 'error'});
			if (!answer.ok) throw new Error(answer.statusText);
			const found = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('findings');
			if (mine.signal.aborted) return;
			const before = document.querySelector('#findings [data-summary]')?.textContent;
			document.getElementById('findings').replaceWith(found);
			const after = found.querySelector('[data-summary]')?.textContent;
			if (after && after !== before) say(after);
			area.setAttribute('aria-invalid', found.dataset.errors !== '0');
			readRemarks();
			draw();
		} catch (error) {
			if (error.name !== 'AbortError') say('The text could not be checked.');
		}
	};
	const changed = () => {
		remarks = []; // their places are those of the text before
		draw();
		clearTimeout(timer);
		timer = setTimeout(check, 350);
	};

	// replace writes as if it had been typed, so that it can be undone.
	const replace = (from, to, text) => {
		area.focus();
		area.setSelectionRange(from, to);
		if (!document.execCommand('insertText', false, text)) {
			area.setRangeText(text, from, to, 'end');
			area.dispatchEvent(new Event('input', {bubbles: true}));
		}
	};
	const reveal = (from, line) => {
		area.scrollTo(0, Math.max(0, (line - 4) * parseFloat(getComputedStyle(area).lineHeight)));
		follow();
		const spot = at(from);
		if (spot.left > editor.clientWidth * 0.8) area.scrollLeft = spot.left - editor.clientWidth / 2;
		editor.scrollIntoView({block: 'nearest'});
	};
	document.addEventListener('click', (event) => {
		const link = event.target.closest('#findings [data-from]');
		const instead = event.target.closest('#findings [data-instead]');
		if (link) {
			event.preventDefault();
			area.focus();
			area.setSelectionRange(+link.dataset.from, +link.dataset.to);
			reveal(+link.dataset.from, +link.dataset.line);
		} else if (instead) {
			const place = instead.closest('li').querySelector('[data-from]').dataset;
			replace(+place.from, +place.to, instead.dataset.instead);
		}
	});

	// Completion. What may stand at a place follows from the words before it in the same statement.
	let words;
	const load = () => {
		words ??= fetch(form.dataset.words, {redirect: 'error'}).then((a) => (a.ok ? a.json() : Promise.reject(a.status)));
		return words.catch(() => { words = undefined; return null; });
	};
	const token = /\/\/[^\n]*|"(?:\\.|[^"\\\n])*("?)|'(?:\\.|[^'\\\n])*('?)|[\p{L}\d_:.*-]+|[=!<>]+|\S/gu;
	const place = (text, caret) => {
		const before = text.slice(0, caret);
		const typed = /[\p{L}\d_:.*-]*$/u.exec(before)[0];
		let statement = [];
		for (const match of before.slice(0, caret - typed.length).matchAll(token)) {
			const word = match[0];
			const ends = match.index + word.length;
			if (word.startsWith('//')) {
				if (ends === caret - typed.length && !before.slice(ends).includes('\n') && !/\s$/.test(before.slice(0, caret - typed.length))) return null;
				if (!before.slice(ends, caret).includes('\n')) return null;
				continue;
			}
			if (/^["']/.test(word) && (word.length === 1 || !word.endsWith(word[0])) && !before.slice(ends, caret).includes('\n')) {
				const template = /\$\{([\w:-]*)$/.exec(before);
				return template && {kind: 'template', typed: template[1], statement};
			}
			if (word === ';') statement = []; else statement.push(word);
		}
		return {kind: 'word', typed, statement};
	};
	const conditional = 'conditions' in form.dataset; // the text of a boundary: conditions alone
	const candidates = (known, {kind, typed, statement}) => {
		if (conditional) statement = ['WHERE', ...statement];
		if (kind === 'template') return ['bindParam:', ...known.attributes.map((a) => `global:${a}}`)];
		const upper = statement.map((w) => w.toUpperCase());
		const last = upper.at(-1);
		const where = upper.indexOf('WHERE');
		if (!statement.length) return ['ALLOW ', 'DENY '];
		const named = statement.slice(1, where < 0 ? undefined : where).filter((w) => w in known.permissions);
		if (last === 'WHERE' || last === 'AND') {
			const own = named.length ? named.flatMap((p) => known.permissions[p]) : Object.keys(known.conditions);
			return [...new Set([...own, ...known.globals])].sort().map((c) => c + ' ');
		}
		if (where >= 0) {
			const operators = known.conditions[statement.at(-1)];
			if (operators) return operators.map((o) => o + (known.lists.includes(o) ? ' ("' : ' "'));
			if (last === 'NOT') return ['IN ("', 'startsWith "'];
			return /^["')]/.test(last) ? [conditional ? ';' : 'AND '] : [];
		}
		if (last === 'ALLOW' || last === 'DENY' || last === ',') {
			const all = Object.keys(known.permissions);
			if (typed.includes(':')) return all;
			return [...new Set(all.map((p) => p.split(':')[0] + ':')), ...(typed.length > 1 ? all : [])];
		}
		return last.includes(':') ? ['WHERE '] : [];
	};
	const matching = (all, typed) => {
		const wanted = typed.toLowerCase();
		const rank = (c) => (c.toLowerCase().startsWith(wanted) ? 0 : c.toLowerCase().includes(wanted) ? 1 : 2);
		return all.filter((c) => rank(c) < 2 && c.trim() !== typed).sort((a, b) => rank(a) - rank(b)).slice(0, 60);
	};

	let open = null; // what is offered: {from, options, active}
	const close = () => {
		open = null;
		list.hidden = true;
		area.removeAttribute('aria-activedescendant');
	};
	const choose = (index) => {
		if (!open) return;
		open.active = index;
		Array.from(list.children, (item, i) => item.setAttribute('aria-selected', i === index));
		const item = list.children[index];
		if (item) {
			area.setAttribute('aria-activedescendant', item.id);
			item.scrollIntoView({block: 'nearest'});
		} else {
			area.removeAttribute('aria-activedescendant');
		}
	};
	// at is where a place in the text is on the screen, from the corner of the editor.
	const at = (offset) => {
		const walker = document.createTreeWalker(under, NodeFilter.SHOW_TEXT);
		for (let left = offset; walker.nextNode(); left -= walker.currentNode.length) {
			if (left > walker.currentNode.length) continue;
			const range = document.createRange();
			range.setStart(walker.currentNode, left);
			const spot = range.getBoundingClientRect();
			const corner = editor.getBoundingClientRect();
			return {left: spot.left - corner.left, top: spot.bottom - corner.top};
		}
		return {left: 0, top: 0};
	};
	const show = (from, options, active) => {
		open = {from, options, active};
		list.replaceChildren(...options.map((text, i) => {
			const item = make('li', text.trim());
			item.id = `completion-${i}`;
			item.setAttribute('role', 'option');
			return item;
		}));
		list.hidden = false;
		choose(active);
		put();
	};
	const put = () => {
		const spot = at(open.from);
		list.style.left = `${Math.max(0, Math.min(spot.left, editor.clientWidth - list.offsetWidth))}px`;
		list.style.top = `${Math.max(0, Math.min(spot.top, editor.clientHeight)) + 2}px`;
	};
	const complete = async (asked) => {
		const known = await load();
		if (!known || area.selectionStart !== area.selectionEnd) return close();
		const here = place(area.value, area.selectionStart);
		if (!here || (!asked && !here.typed && here.kind === 'word' && !/^(,|where|and|allow|deny)$/i.test(here.statement.at(-1) ?? ''))) return close();
		const options = matching(candidates(known, here), here.typed);
		if (!options.length) {
			if (asked) say('Nothing to complete here.');
			return close();
		}
		const before = open?.options.length;
		show(area.selectionStart - here.typed.length, options, asked ? 0 : -1);
		if (options.length !== before) say(`${options.length} to choose from`);
	};
	const accept = (index) => {
		const {from, options} = open;
		close();
		replace(from, area.selectionStart, options[index]);
		if (/[: ]$/.test(options[index])) complete(true);
	};

	area.setAttribute('aria-autocomplete', 'list');
	area.setAttribute('aria-controls', list.id);
	area.addEventListener('focus', load, {once: true});
	area.addEventListener('scroll', () => { follow(); if (open) put(); });
	area.addEventListener('blur', () => setTimeout(close, 150));
	area.addEventListener('input', (event) => {
		changed();
		if (!event.isComposing && event.inputType?.startsWith('insert') && event.inputType !== 'insertLineBreak') complete(false);
		else if (open) complete(false);
	});
	list.addEventListener('pointerdown', (event) => {
		event.preventDefault(); // the field keeps the focus
		const index = Array.from(list.children).indexOf(event.target.closest('li'));
		if (open && index >= 0) accept(index);
	});
	const keys = {
		ArrowDown: () => choose((open.active + 1) % open.options.length),
		ArrowUp: () => choose((open.active <= 0 ? open.options.length : open.active) - 1),
		Enter: () => (open.active < 0 ? (close(), false) : accept(open.active)),
		Tab: () => (open.active < 0 ? (close(), false) : accept(open.active)),
		Escape: close,
	};
	area.addEventListener('keydown', (event) => {
		if (event.isComposing) return;
		if (event.ctrlKey && event.code === 'Space') {
			event.preventDefault();
			complete(true);
		} else if (open && keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey) {
			if (keys[event.key]() !== false) event.preventDefault();
		}
	});

	// What was typed is not lost by a step aside.
	let saving = false;
	const opened = area.value;
	form.addEventListener('submit', () => { saving = true; });
	addEventListener('beforeunload', (event) => { if (!saving && area.value !== opened) event.preventDefault(); });
	form.querySelector('[name="level"]')?.addEventListener('change', check);

	readRemarks();
	draw();
})();
