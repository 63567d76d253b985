function spikes = spikes_of_unit(times, index, unit)
    % SPIKES_OF_UNIT  Spike times of one unit, out of the times of all units.
    %
    %   NWB keeps rows of different lengths end to end in one vector; the index says where
    %   each row ends.
    %
    %   times  spike times of all units, in s
    %   index  for each unit, how many of `times` lie before the end of its row
    %   unit   number of the unit, from 1
    ends = [0; double(index(:))];
    spikes = times(ends(unit) + 1:ends(unit + 1));
    spikes = spikes(:);
end
