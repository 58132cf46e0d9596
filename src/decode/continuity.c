/* SPDX-License-Identifier: MIT */
#include "decode/continuity.h"

#include <stdlib.h>

enum { NS_PER_S = 1000000000, MAX_AGE_S = 600, PER_NAT = 16 };

/* Steps of a quantity, in thousandths: from one reading to the next, and in each minute; and
 * what only a clean frame may tell. */
struct limits {
	int32_t step_milli;
	int32_t step_per_minute_milli;
	int32_t max_milli;
};

/* Indoors an am2302 moves by 1 to 2 degree and 8 to 10 % in ten seconds when it is breathed
 * on; a dht11 jumps by 2 degree. */
static const struct limits limits[NUM_QUANTITIES] = {
	[QUANTITY_TEMPERATURE] = { 200, 300, 3000 },
	[QUANTITY_HUMIDITY] = { 500, 1000, 12000 },
};

void continuity_learn(struct continuity *continuity, const struct reading *clean)
{
	continuity->t_ns = clean->t_ns;
	continuity->num_values = clean->num_values;
	for (unsigned i = 0; i < clean->num_values; i++)
		continuity->values[i] = clean->values[i];
}

bool continuity_is_recent(const struct continuity *continuity, uint64_t t_ns)
{
	return continuity->num_values > 0 && t_ns >= continuity->t_ns &&
	       (t_ns - continuity->t_ns) / NS_PER_S <= MAX_AGE_S;
}

/* The reference's age; false where it is none. */
static bool find_age(const struct continuity *continuity, const struct reading *reading,
		     int32_t *age_s_out)
{
	if (continuity->num_values != reading->num_values ||
	    !continuity_is_recent(continuity, reading->t_ns))
		return false;
	*age_s_out = (int32_t)((reading->t_ns - continuity->t_ns) / NS_PER_S);
	return true;
}

/* Twice the natural logarithm of 1 + step / usual: a tail as heavy as doors and showers. */
static int32_t step_cost(int32_t step_milli, int32_t usual_milli)
{
	uint32_t ratio = (uint32_t)(16 + (int64_t)step_milli * 16 / usual_milli);
	unsigned log2 = 31u - (unsigned)__builtin_clz(ratio);
	/* sixteenths of a power of two above 16, straight between the powers */
	uint32_t sixteenths = (log2 - 4) * 16 + ((ratio << 4 >> log2) - 16);

	return (int32_t)(sixteenths * 2 * 71 / 102);
}

int32_t continuity_cost(const struct continuity *continuity,
			const struct reading *reading)
{
	int32_t age_s, cost = 0;

	if (!find_age(continuity, reading, &age_s))
		return 0;
	for (unsigned i = 0; i < reading->num_values; i++) {
		const struct value *value = &reading->values[i];
		const struct limits *limit = &limits[value->quantity];

		cost += step_cost(abs(value->milli - continuity->values[i].milli),
				  limit->step_milli +
					  limit->step_per_minute_milli * age_s / 60);
	}
	return cost < CONTINUITY_MAX_COST ? cost : CONTINUITY_MAX_COST;
}

bool continuity_is_broken(const struct continuity *continuity,
			  const struct reading *reading)
{
	int32_t age_s;

	if (!find_age(continuity, reading, &age_s))
		return false;
	for (unsigned i = 0; i < reading->num_values; i++)
		if (abs(reading->values[i].milli - continuity->values[i].milli) >
		    limits[reading->values[i].quantity].max_milli)
			return true;
	return false;
}
