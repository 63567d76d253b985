%% 04 · Anatomy of an NWB file, in MATLAB
% **You will** take apart a recording with MatNWB (who and when, what was recorded, tables
% and links), and line spikes up with what the animal saw. **Profile** MATLAB · **time** 10
% minutes to read, 2 minutes to run.
%
% The recording stands for extracellular dandisets such as
% [DANDI:000005](https://dandiarchive.org/dandiset/000005). On a hub on one machine you read
% an invented one, 900005 (the archive has no dandiset of that number): a silicon probe in
% visual cortex while gratings drift in eight directions. The same as a MATLAB script:
% `matlab/anatomy.m`.

%% Setup
addpath(fullfile(pwd, 'matlab'));
assert(exist('nwbRead', 'file') == 2, 'MatNWB is not on the path: addpath its folder first');
classes = fullfile(tempdir, 'matnwb-classes');
if ~exist(classes, 'dir')
    mkdir(classes);
end
addpath(classes);

%% Parameters
dandiset = '900005';
version = 'draft';
path_in_dandiset = 'sub-anm01/sub-anm01_ses-20200203_ecephys.nwb';
unit = 1;
window_s = [-0.5 1.5];
bin_s = 0.05;

%% 1 Open it
% The file is small, so it is fetched; one of 60 GB stays on S3, and `nwbRead` takes its
% address `s3://...` as well. MatNWB makes its classes from the schema that the file
% brings along; they go to a folder that you may write to.

file = fetch_asset(dandiset, version, path_in_dandiset, tempdir);
nwb = nwbRead(file, 'savedir', classes);
disp(nwb.session_description);
disp(nwb.session_start_time);
fprintf('%s, %s, %s\n', nwb.general_subject.subject_id, nwb.general_subject.species, ...
        nwb.general_subject.sex);

%% 2 Where things live
% | place | holds |
% |---|---|
% | `nwb.acquisition` | what the instruments recorded, as it came |
% | `nwb.processing` | what was computed from it, in modules |
% | `nwb.intervals_trials` | the trials; other spans in `nwb.intervals` |
% | `nwb.units` | spike trains |
% | `nwb.general_extracellular_ephys_electrodes` | where they were recorded |
%
% Sets are read with `get`, their names with `keys`.

disp(keys(nwb.acquisition));
disp(keys(nwb.processing));
disp(nwb.intervals_trials.colnames);
disp(nwb.units.colnames);

%% 3 A time series: numbers, unit, clock
% `data` is a stub: only what you index is read. **Dimensions are the other way round** than
% in Python and in the schema: channels come first, time second. Numbers times
% `data_conversion` are volts.

series = nwb.acquisition.get('ElectricalSeries');
rate_hz = series.starting_time_rate;
raw = double(series.data(:, 1:round(0.1 * rate_hz)));
microvolts = 1e6 * series.data_conversion * raw;
figure;
plot((0:size(microvolts, 2) - 1) / rate_hz * 1e3, ...
     microvolts' + 250 * (0:size(microvolts, 1) - 1), 'k');
xlabel('Time (ms)');
ylabel('Site (250 µV apart)');
title('A tenth of a second of raw voltage');

%% 4 Rows of different lengths
% Every unit has another number of spikes. NWB keeps all of them end to end, and an index
% that says where each row ends; `spikes_of_unit` takes one row out.

times = nwb.units.spike_times.data.load();
index = nwb.units.spike_times_index.data.load();
n_units = numel(index);
spikes = cell(n_units, 1);
for k = 1:n_units
    spikes{k} = spikes_of_unit(times, index, k);
end
fprintf('%d units, %d spikes\n', n_units, numel(times));

%% 5 Spikes around an event
% Trials are a table: `start_time` is a column that every table of intervals has,
% `direction_deg` is this laboratory's own, among `vectordata`.

starts = nwb.intervals_trials.start_time.data.load();
directions = nwb.intervals_trials.vectordata.get('direction_deg').data.load();
edges = window_s(1):bin_s:window_s(2);
counts = psth_counts(spikes{unit}, starts, edges);
[groups, mean_counts] = mean_by_group(counts, directions);
figure;
imagesc(edges(1:end - 1) + bin_s / 2, 1:numel(groups), mean_counts / bin_s);
set(gca, 'YTick', 1:numel(groups), 'YTickLabel', compose('%g', groups));
xlabel('Time from the grating''s start (s)');
ylabel('Direction (degrees)');
title(sprintf('Unit %d: spikes per second', unit));
colorbar;

%% 6 Who prefers which direction?
% The rate while a grating is shown, by direction: where the tuning curve points, and how
% clearly.

prefers = zeros(n_units, 1);
clearly = zeros(n_units, 1);
curves = cell(n_units, 1);
for k = 1:n_units
    [groups, curves{k}] = mean_by_group(psth_counts(spikes{k}, starts, [0 1]), directions);
    [prefers(k), clearly(k)] = preferred_direction(groups, curves{k});
end
figure;
plot(groups, [curves{:}], 'o-');
xlabel('Direction (degrees)');
ylabel('Rate (spikes/s)');
legend(compose('unit %d', 1:n_units));
title('Tuning curves');
unit_number = (1:n_units)';
disp(table(unit_number, prefers, clearly));

%% Exercise
% ## Exercise
%
% 1. Set `unit` to 2. What does it do at the direction that unit 1 prefers?
% 2. Plot the LFP: `nwb.processing.get('ecephys')`. Where along the probe does theta turn
%    round?
%
% **Next**: 03 the same file format in Python · 07 is the tuning real? · 05 look without code.

%% Check
assert(n_units == 6 && numel(starts) == 40);
assert(abs(prefers(1) - 90) < 20 && clearly(1) > 0.3, 'unit 1 prefers 90 degrees');
[~, weakest] = min(curves{2});
assert(groups(weakest) == 90, 'unit 2 is held down where unit 1 answers');
