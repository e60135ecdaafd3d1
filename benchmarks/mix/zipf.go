package mix

import (
	"math"
	"math/rand/v2"
)

// zipf draws ranks by Zipf's law in constant time, by Walker's alias method. It is only read once it is made, so all connections share
// it with random numbers of their own, which rand.Zipf does not allow.
type zipf struct {
	keep  []float64 // of column i: the share that is i itself
	other []int32   // and what the rest is
}

func newZipf(n int, s float64) *zipf {
	weights, sum := make([]float64, n), 0.0
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -s)
		sum += weights[i]
	}
	z := &zipf{keep: make([]float64, n), other: make([]int32, n)}
	var small, large []int32
	for i := range weights {
		z.keep[i] = weights[i] / sum * float64(n)
		z.other[i] = int32(i)
		if z.keep[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 { // what a column lacks is taken from one that has too much
		lacks, gives := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		z.other[lacks] = gives
		z.keep[gives] -= 1 - z.keep[lacks]
		if z.keep[gives] < 1 {
			large, small = large[:len(large)-1], append(small, gives)
		}
	}
	return z
}

// draw is a rank from 0, the most popular.
func (z *zipf) draw(rng *rand.Rand) int {
	i := rng.IntN(len(z.keep))
	if rng.Float64() < z.keep[i] {
		return i
	}
	return int(z.other[i])
}
