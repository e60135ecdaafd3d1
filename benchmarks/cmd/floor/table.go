package main

import (
	"fmt"
	"strings"

	"github.com/doorward/doorward/benchmarks/rig"
)

// report prints a section, and puts it into the document.
func report(readme, section, text string) error {
	fmt.Println(text)
	if readme == "" {
		return nil
	}
	return rig.WriteSection(readme, section, text)
}

func ran(about rig.About) string {
	return fmt.Sprintf("%s, %s, %s", about["date"], about["machine"], about["go"])
}

// floorTable says what each case costs beside the same requests to a site without the directive.
func floorTable(about rig.About, all []testCase, samples []rig.Sample) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. %s.\n\n", ran(about), about["requests"])
	b.WriteString("| Case | Answer | CPU of the process, µs a request | Without the directive | Ratio: median (quartiles) |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range all {
		with, without := rig.SpreadOf(rig.Values(samples, c.name, measureCPU)), rig.SpreadOf(rig.Values(samples, basePrefix+c.name, measureCPU))
		ratio, low, high := rig.Ratio(samples, basePrefix+c.name, c.name, measureCPU)
		fmt.Fprintf(&b, "| `%s`: %s | %d | %.1f | %.1f | %.3f (%.3f … %.3f) |\n", c.name, c.meaning, c.status, with.Median, without.Median, ratio, low, high)
	}
	return b.String()
}
