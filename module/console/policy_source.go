package console

import (
	"regexp"
	"strings"
)

// sourceLine is a line of a policy's text, cut into what is shown alike.
type sourceLine struct{ Spans []span }

// span is a part of a line. The class is one of the stylesheet's, "" for what needs none.
type span struct{ Class, Text string }

// sourceWord is everything in a policy that is shown in a way of its own. Quoted texts and comments end with their line, as they do
// in the language; what the language refuses stays as it is.
var sourceWord = regexp.MustCompile(`(//.*)|("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)|((?i:\b(?:ALLOW|DENY)\b))|((?i:\b(?:WHERE|AND|IN|NOT|MATCH|startsWith|null)\b))|([\pL][\pL\d_.*-]*(?::[\pL\d_.*-]+)+)`)

// sourceClasses are by the group of sourceWord, from 1.
var sourceClasses = []string{"", "remark", "quoted", "effect", "word", "name"}

// sourceOf cuts a text. What the spans hold is the whole text, but for the ends of lines.
func sourceOf(text string) []sourceLine {
	var lines []sourceLine
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		lines = append(lines, sourceLine{spansOf(strings.TrimSuffix(line, "\r"))})
	}
	return lines
}

func spansOf(line string) (spans []span) {
	at := 0
	for _, match := range sourceWord.FindAllStringSubmatchIndex(line, -1) {
		if match[0] > at {
			spans = append(spans, span{"", line[at:match[0]]})
		}
		for group := 1; group < len(sourceClasses); group++ {
			if match[2*group] >= 0 {
				spans = append(spans, span{sourceClasses[group], line[match[0]:match[1]]})
			}
		}
		at = match[1]
	}
	if at < len(line) {
		spans = append(spans, span{"", line[at:]})
	}
	return spans
}
