package chart

import (
	"math"
	"strconv"
	"strings"
)

// Unit is how values are written.
type Unit struct {
	Text func(float64) string // beside the picture, in full
	Axis func(float64) string // at the axis, short; nil: as Text
	// Whole says that nothing lies between two whole numbers, so that no step of the axis does.
	Whole bool
}

// The units that most values have.
var (
	Count   = Unit{Text: whole, Axis: short, Whole: true}
	Seconds = Unit{Text: seconds}
	Share   = Unit{Text: share} // of 1, as per cent
)

func (u Unit) axis(value float64) string {
	if u.Axis == nil {
		return u.Text(value)
	}
	return u.Axis(value)
}

// whole groups digits: 1,234,567.
func whole(value float64) string {
	text := strconv.FormatFloat(math.Round(value), 'f', 0, 64)
	var b strings.Builder
	for i, digit := range text {
		if left := len(text) - i; i > 0 && left%3 == 0 && text[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// short is a count in three digits: 1.2k, 35M.
func short(value float64) string {
	for _, of := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if value >= of.size {
			return digits(value/of.size) + of.name
		}
	}
	return digits(value)
}

// seconds are written in the unit in which they have up to three digits before the point.
func seconds(value float64) string {
	switch {
	case value == 0:
		return "0 s"
	case value < 999.5e-9:
		return digits(value*1e9) + " ns"
	case value < 999.5e-6:
		return digits(value*1e6) + " µs"
	case value < 999.5e-3:
		return digits(value*1e3) + " ms"
	case value < 119.5:
		return digits(value) + " s"
	case value < 119.5*60:
		return digits(value/60) + " min"
	}
	return digits(value/3600) + " h"
}

// share is in per cent. What is not all of it is not written as 100, nor what is something as 0.
func share(value float64) string {
	percent := value * 100
	switch {
	case percent > 99.9 && percent < 100:
		return "> 99.9 %"
	case percent > 0 && percent < 0.1:
		return "< 0.1 %"
	}
	return strconv.FormatFloat(math.Round(percent*10)/10, 'f', -1, 64) + " %"
}

// digits has three that count, and no zeros at the end.
func digits(value float64) string {
	if math.Abs(value) >= 100 {
		return strconv.FormatFloat(math.Round(value), 'f', 0, 64)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 3, 64), 64)
	if err != nil {
		return strconv.FormatFloat(value, 'g', 3, 64)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
