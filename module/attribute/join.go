package attribute

import "encoding/binary"

// row is what the body says about one thing: a value for each body source, by its index.
type row []value

// join makes rows of what was found. Members of one object belong to the same thing, so their rows are crossed; the
// elements of an array are different things, so their rows follow each other. An array without elements, or something
// else in the place of one, is a thing of which nothing is known: a request that names nothing must not pass for one
// that touches nothing.
func join(n *node, f *found, width int) ([]row, error) {
	rows := []row{make(row, width)}
	if f == nil {
		return rows, nil
	}
	n.single(rows[0], f)
	for i, m := range n.members {
		if !m.node.each || f.members == nil {
			continue
		}
		below, err := join(m.node, f.members[i], width)
		if err != nil {
			return nil, err
		}
		if rows, err = cross(rows, below); err != nil {
			return nil, err
		}
	}
	if n.items == nil || n.items.leaves == 0 {
		return rows, nil
	}
	elements, err := joinItems(n.items, f, width)
	if err != nil {
		return nil, err
	}
	return cross(rows, elements)
}

// single notes the values of which there is one: those that no pointer reaches through the elements of an array.
func (n *node) single(r row, f *found) {
	if f == nil {
		return
	}
	if n.leaf != noLeaf {
		r[n.leaf] = f.value
	}
	if n.list != noLeaf {
		r[n.list] = listOf(f)
	}
	for i, m := range n.members {
		if !m.node.each && f.members != nil {
			m.node.single(r, f.members[i])
		}
	}
}

func joinItems(n *node, f *found, width int) ([]row, error) {
	if len(f.items) == 0 {
		return join(n, nil, width)
	}
	var all []row
	for _, item := range f.items {
		rows, err := join(n, item, width)
		if err != nil {
			return nil, err
		}
		if all = append(all, rows...); len(all) > MaxQuestions {
			return nil, errTooMany
		}
	}
	return all, nil
}

// listOf is an array of scalars as one value; a single scalar in its place is no list.
func listOf(f *found) value {
	values := make([]value, len(f.items))
	for i, item := range f.items {
		values[i] = item.value
	}
	if len(values) == 0 && f.value.state != absent {
		return value{state: unreadable}
	}
	return collect(values)
}

// cross combines every row of one with every row of the other. Each source has its value in one of the two.
func cross(a, b []row) ([]row, error) {
	if len(a)*len(b) > MaxQuestions {
		return nil, errTooMany
	}
	if len(b) == 1 {
		for _, r := range a {
			r.fill(b[0])
		}
		return a, nil
	}
	crossed := make([]row, 0, len(a)*len(b))
	for _, left := range a {
		for _, right := range b {
			r := append(row(nil), left...)
			r.fill(right)
			crossed = append(crossed, r)
		}
	}
	return crossed, nil
}

func (r row) fill(from row) {
	for i, v := range from {
		if v.state != absent {
			r[i] = v
		}
	}
}

// distinct drops rows that say the same: a hundred objects of one schema are one question.
func distinct(rows []row) []row {
	if len(rows) < 2 {
		return rows
	}
	seen := make(map[string]struct{}, len(rows))
	kept := rows[:0]
	var key []byte
	for _, r := range rows {
		key = key[:0]
		for _, v := range r {
			key = v.appendKey(key)
		}
		if _, again := seen[string(key)]; !again {
			seen[string(key)] = struct{}{}
			kept = append(kept, r)
		}
	}
	return kept
}

// appendKey writes each part with its length first, so that no two values look alike.
func (v value) appendKey(key []byte) []byte {
	key = append(key, byte(v.state))
	key = binary.AppendUvarint(key, uint64(len(v.text)))
	key = append(key, v.text...)
	key = binary.AppendUvarint(key, uint64(len(v.list)))
	for _, text := range v.list {
		key = binary.AppendUvarint(key, uint64(len(text)))
		key = append(key, text...)
	}
	return key
}
