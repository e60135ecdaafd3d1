package console

import "strings"

// diffLine is a line of a difference: Mark is "+" for one that is new, "-" for one that is gone, " " for one that stayed, and "…" for
// a number of lines that stayed and are left out.
type diffLine struct {
	Mark, Text string
	Left       int // lines that are left out
}

// Class is how the stylesheet knows the line.
func (l diffLine) Class() string {
	return map[string]string{"+": "added", "-": "gone", "…": "left"}[l.Mark]
}

const (
	// diffContext is how many lines around a change are shown.
	diffContext = 3
	// maxDiffCells bounds the table in which two texts are compared, in places of two bytes. A policy has some hundred lines.
	maxDiffCells = 1 << 20
)

// difference is what has to be done to one text for it to be the other, line by line. It is nil where they are the same.
func difference(before, after string) []diffLine {
	if before == after {
		return nil
	}
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var all []diffLine
	all = appendLines(all, " ", a[:head])
	all = append(all, changed(a[head:len(a)-tail], b[head:len(b)-tail])...)
	all = appendLines(all, " ", a[len(a)-tail:])
	return leaveOut(all)
}

func appendLines(all []diffLine, mark string, lines []string) []diffLine {
	for _, line := range lines {
		all = append(all, diffLine{Mark: mark, Text: line})
	}
	return all
}

// changed compares by the longest lines in common. Texts that are too long for the table are told one after the other.
func changed(a, b []string) (all []diffLine) {
	if (len(a)+1)*(len(b)+1) > maxDiffCells || len(a) > 1<<15 || len(b) > 1<<15 {
		return appendLines(appendLines(nil, "-", a), "+", b)
	}
	common := commonLines(a, b)
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, diffLine{Mark: " ", Text: a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			all = append(all, diffLine{Mark: "-", Text: a[i]})
			i++
		default:
			all = append(all, diffLine{Mark: "+", Text: b[j]})
			j++
		}
	}
	return all
}

// commonLines says for each pair of places how many lines the rests of both texts have in common, in the same order.
func commonLines(a, b []string) [][]uint16 {
	table := make([][]uint16, len(a)+1)
	for i := range table {
		table[i] = make([]uint16, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	return table
}

// leaveOut keeps of what stayed only the lines around a change.
func leaveOut(all []diffLine) (kept []diffLine) {
	near := make([]bool, len(all))
	for i, line := range all {
		if line.Mark != " " {
			for k := max(0, i-diffContext); k <= min(len(all)-1, i+diffContext); k++ {
				near[k] = true
			}
		}
	}
	for i, line := range all {
		switch last := len(kept) - 1; {
		case near[i]:
			kept = append(kept, line)
		case last >= 0 && kept[last].Mark == "…":
			kept[last].Left++
		default:
			kept = append(kept, diffLine{Mark: "…", Left: 1})
		}
	}
	return kept
}
